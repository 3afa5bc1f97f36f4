"""WordPiece, the tokenizer of BERT models, as TensorFlow operations that are saved with the model.

A text is cleaned (control characters go, capitals become small, accents are taken off), parted at white space, at each
punctuation mark and at each Chinese character, and each word is then cut, from its front, into the longest pieces that
the vocabulary holds. Only operations that TensorFlow Serving has are used, so the served model takes raw text.

Source: Devlin et al., "BERT", NAACL 2019, and its BasicTokenizer and WordpieceTokenizer; the tests compare every step
with the library `tokenizers`. Unlike there, a special token's name in a text, such as [SEP], is just a word.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTINUED = "##"
PADDING, UNKNOWN, CLASSIFY, SEPARATE = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
# A longer word is not cut but unknown, as in BERT.
MAX_WORD_CHARACTERS = 100

# RE2 syntax. Scripts written without spaces: each character is a word of its own. These are BERT's blocks.
CHINESE = (
    r"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}"
    r"\x{2B920}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}])"
)
PRIVATE_USE = r"\p{Co}"

# Means "as it is" in the table of respelled characters; no UTF-8 text holds this byte.
_KEPT = b"\xff"
_REPLACEMENT_CHARACTER = 0xFFFD
_SURROGATES = range(0xD800, 0xE000)
_CODE_POINTS = 0x110000


class VocabularyError(ValueError):
    """A vocabulary cannot be one of WordPiece."""


def respelled(character: str, *, lowercase: bool = True) -> str:
    """How a character is written after cleaning; a space on both sides sets it apart as a word."""
    category = unicodedata.category(character)
    if character in "\t\n\r" or category == "Zs" or (character.isspace() and category[0] == "Z"):
        return " "
    if category in ("Cc", "Cf") or ord(character) == _REPLACEMENT_CHARACTER:
        return ""
    written = character
    if lowercase:
        parts = unicodedata.normalize("NFD", character)
        written = "".join(part.lower() for part in parts if unicodedata.category(part) != "Mn")
    return "".join(f" {part} " if _is_punctuation(part) else part for part in written)


def _is_punctuation(character: str) -> bool:
    # BERT takes ASCII's signs such as $ and ^ as punctuation, which Unicode does not.
    return unicodedata.category(character)[0] == "P" or (
        character.isascii() and not character.isalnum() and character.isprintable() and character != " "
    )


def _respelling_table(*, lowercase: bool) -> dict[int, str]:
    """Code point -> what is written instead, for each that does not stay as it is."""
    table = {}
    for code in range(_CODE_POINTS):
        character = chr(code)
        if code in _SURROGATES or unicodedata.category(character) in ("Co", "Cn"):
            continue
        written = respelled(character, lowercase=lowercase)
        if written != character:
            table[code] = written
    return table


class WordPieces(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """Texts to the ids of their pieces."""

    def __init__(self, vocabulary: Sequence[str], *, lowercase: bool = True) -> None:
        """Take a vocabulary: a piece's place is its id, pieces inside a word begin with ##.

        Raises VocabularyError when a special token is missing or a piece stands there twice.
        """
        super().__init__()
        ids = {piece: number for number, piece in enumerate(vocabulary)}
        missing = [name for name in (PADDING, UNKNOWN, CLASSIFY, SEPARATE) if name not in ids]
        if missing:
            raise VocabularyError(f"the vocabulary lacks {', '.join(missing)}, so it is none of a BERT model")
        if len(ids) < len(vocabulary):
            raise VocabularyError("the vocabulary holds a piece more than once")
        self.padding, self.unknown = ids[PADDING], ids[UNKNOWN]
        self.classify, self.separate = ids[CLASSIFY], ids[SEPARATE]
        self.longest = max(len(piece.removeprefix(CONTINUED)) for piece in vocabulary)
        self.pieces = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(vocabulary)), tf.range(len(vocabulary), dtype=tf.int32)
            ),
            default_value=-1,
        )
        spelling = _respelling_table(lowercase=lowercase)
        self.spelling = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(spelling), dtype=tf.int32), tf.constant(list(spelling.values()))
            ),
            default_value=_KEPT,
        )

    def words(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Words of each text in their order: (texts,) strings to (texts, words)."""
        codes = tf.strings.unicode_decode(tf.strings.regex_replace(texts, PRIVATE_USE, ""), "UTF-8")
        written = self.spelling.lookup(codes.flat_values)
        as_is = tf.strings.unicode_encode(codes.flat_values[:, tf.newaxis], "UTF-8")
        characters = codes.with_flat_values(tf.where(written == _KEPT, as_is, written))
        cleaned = tf.strings.reduce_join(characters, axis=1)
        return tf.strings.split(tf.strings.regex_replace(cleaned, CHINESE, r" \1 "))

    def ids(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Ids of each text's pieces without special tokens: (texts,) strings to (texts, pieces) int32."""
        words = self.words(texts)
        different, places = tf.unique(words.flat_values)
        whole = self.pieces.lookup(different)
        # Most words are pieces themselves; only the others are cut.
        to_cut = tf.where(whole < 0)[:, 0]
        cut = self._cut(tf.gather(different, to_cut))
        counts = tf.tensor_scatter_nd_update(
            tf.ones_like(whole, dtype=tf.int64), to_cut[:, tf.newaxis], cut.row_lengths()
        )
        starts = tf.cumsum(counts, exclusive=True)
        inside = tf.ragged.range(tf.gather(starts, to_cut), tf.gather(starts + counts, to_cut)).flat_values
        flat = tf.scatter_nd(inside[:, tf.newaxis], cut.flat_values, tf.reduce_sum(counts, keepdims=True))
        is_whole = tf.where(whole >= 0)[:, 0]
        flat = tf.tensor_scatter_nd_update(flat, tf.gather(starts, is_whole)[:, tf.newaxis], tf.gather(whole, is_whole))
        pieces = tf.RaggedTensor.from_row_lengths(flat, counts, validate=False)
        return words.with_flat_values(tf.gather(pieces, places)).merge_dims(1, 2)

    def _cut(self, words: tf.Tensor) -> tf.RaggedTensor:
        """Longest pieces first, from the front: (words,) strings to (words, pieces) ids."""
        lengths = tf.strings.length(words, unit="UTF8_CHAR")
        sizes = tf.range(1, self.longest + 1)
        rows = tf.size(words)
        fits = lengths <= MAX_WORD_CHARACTERS

        def goes_on(step: tf.Tensor, position: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
            return tf.reduce_any(fits & (position < lengths)) & (step <= MAX_WORD_CHARACTERS)

        def next_piece(
            step: tf.Tensor, position: tf.Tensor, failed: tf.Tensor, found: tf.TensorArray
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.TensorArray]:
            open_words = fits & (position < lengths)
            # substr refuses a position behind the end, so closed words are asked at 0.
            at = tf.where(open_words, position, 0)[:, tf.newaxis]
            shape = tf.stack([rows, self.longest])
            parts = tf.strings.substr(
                tf.broadcast_to(words[:, tf.newaxis], shape),
                tf.broadcast_to(at, shape),
                tf.broadcast_to(sizes[tf.newaxis], shape),
                unit="UTF8_CHAR",
            )
            prefix = tf.where(position > 0, CONTINUED, "")[:, tf.newaxis]
            ids = tf.where(at + sizes <= lengths[:, tf.newaxis], self.pieces.lookup(prefix + parts), -1)
            size = tf.reduce_max(tf.where(ids >= 0, sizes, 0), axis=1)
            chosen = tf.gather(ids, tf.maximum(size - 1, 0), axis=1, batch_dims=1)
            has_piece = open_words & (size > 0)
            failed |= open_words & (size == 0)
            position = tf.where(has_piece, position + size, tf.where(open_words, lengths, position))
            return step + 1, position, failed, found.write(step, tf.where(has_piece, chosen, -1))

        zero = tf.constant(0)
        start = (
            zero,
            tf.zeros_like(lengths),
            ~fits,
            tf.TensorArray(tf.int32, 1, dynamic_size=True, element_shape=[None]),
        )
        found = start[3].write(0, tf.fill([rows], -1))
        _, _, failed, found = tf.while_loop(goes_on, next_piece, (zero, start[1], start[2], found))
        ids = tf.transpose(found.stack())
        # A word that cannot be cut to its end is unknown as a whole.
        first = tf.range(tf.shape(ids)[1])[tf.newaxis] == 0
        ids = tf.where(failed[:, tf.newaxis], tf.where(first, self.unknown, -1), ids)
        return tf.ragged.boolean_mask(ids, ids >= 0)
