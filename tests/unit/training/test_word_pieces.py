"""Our WordPiece beside the library `tokenizers`, on every character and on made-up texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from training.word_pieces import VocabularyError, WordPieces

PIECES = ["un", "##able", "##afford", "##a", "film", "##s", "the", "don", "t", "cafe", "##é", "日", "!", "'", "##日"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789éßω"
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    *dict.fromkeys([*PIECES, *(letter for letter in LETTERS if letter not in "qz"), *(f"##{x}" for x in "abcdefxyz")]),
]


def kept_its_kind(character: str) -> bool:
    """Whether every version of Unicode since 3.2 says the same of a character; the library's own version is between."""
    return unicodedata.ucd_3_2_0.category(character) == unicodedata.category(character) not in ("Cn", "Cs")


OLD_CHARACTERS = [character for character in map(chr, range(0x110000)) if kept_its_kind(character)]


def reference(vocabulary: Sequence[str], *, lowercase: bool = True) -> Tokenizer:
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


@pytest.fixture(scope="module")
def ours() -> Callable[[list[str]], list[list[int]]]:
    pieces = WordPieces(VOCABULARY)
    ids = tf.function(pieces.ids, input_signature=[tf.TensorSpec([None], tf.string)])

    def ask(texts: list[str]) -> list[list[int]]:
        found: list[list[int]] = ids(tf.constant(texts, dtype=tf.string)).to_list()
        return found

    return ask


@pytest.fixture(scope="module")
def theirs() -> Callable[[list[str]], list[list[int]]]:
    tokenizer = reference(VOCABULARY)
    return lambda texts: [found.ids for found in tokenizer.encode_batch(texts, add_special_tokens=False)]


@pytest.mark.parametrize("lowercase", [True, False])
def test_every_character_is_cleaned_and_parted_as_in_the_reference(lowercase: bool) -> None:
    tokenizer = reference(VOCABULARY, lowercase=lowercase)
    texts = [f"a{character}b" for character in OLD_CHARACTERS]
    words = WordPieces(VOCABULARY, lowercase=lowercase).words(tf.constant(texts)).to_list()
    differ = []
    for text, found in zip(texts, words, strict=True):
        cleaned = tokenizer.normalizer.normalize_str(text)
        wanted = [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(cleaned)]
        if [word.decode() for word in found] != wanted:
            differ.append(hex(ord(text[1])))
    assert len(texts) > 90_000
    assert differ == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n ",
        "unaffordable films",
        "UNAFFORDABLE FILMS!!!",
        "Don't, the café — CAFÉ",
        "a" * 100,
        "a" * 101,
        "zebra",
        "az",
        "film\u0000s film\ufffds",
        "e\u0301te\u0301",
        "日本語 film日",
        "İstanbul ΣΟΦΟΣ ß ẞ",
        "[SEP] [CLS] film",
        "\ue000private\U000f0000",
        "한국어 👍🏽",
        "x\u00a0y\u200bz\u2028w",
    ],
)
def test_a_text_has_the_references_pieces(
    text: str, ours: Callable[[list[str]], list[list[int]]], theirs: Callable[[list[str]], list[list[int]]]
) -> None:
    assert ours([text, "the film"]) == theirs([text, "the film"])


# Letters of the vocabulary are frequent, so that words are really cut.
CHARACTERS = st.one_of(st.sampled_from(LETTERS + " '!"), st.sampled_from(OLD_CHARACTERS))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(CHARACTERS, max_size=40), min_size=1, max_size=20))
def test_any_texts_have_the_references_pieces(
    ours: Callable[[list[str]], list[list[int]]], theirs: Callable[[list[str]], list[list[int]]], texts: list[str]
) -> None:
    assert ours(texts) == theirs(texts)


def test_no_texts_have_no_pieces(ours: Callable[[list[str]], list[list[int]]]) -> None:
    assert ours([]) == []


def test_bytes_that_are_no_text_are_left_out() -> None:
    pieces = WordPieces(VOCABULARY)
    assert pieces.ids(tf.constant([b"the\xff film\xc3"])).to_list() == pieces.ids(tf.constant(["the film"])).to_list()


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        (["[PAD]", "[UNK]", "[CLS]", "a"], r"the vocabulary lacks \[SEP\]"),
        ([*VOCABULARY, "film"], "holds a piece more than once"),
    ],
)
def test_a_vocabulary_of_something_else_is_an_error(vocabulary: list[str], message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        WordPieces(vocabulary)
