"""Texts to feature ids, as TensorFlow operations that are saved with the model.

A text's features are its words, its pairs of neighbouring words, the first letters of each word (a stem of sorts,
which lets "love", "loved" and "lovely" share what is known of them), and, when asked for, the runs of characters in
each word with marks where it begins and ends (which lets a word never seen be known by its parts). A feature counts
once a text. Any Unicode and any length is taken. Training and serving run these very operations, so nothing has
to be kept in step.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

PADDING = 0
UNKNOWN = 1
FIRST_FEATURE = 2

# Applied in this order to lower-cased text; RE2 syntax.
CLEANING = (
    (r"<br\s*/?>", " "),
    (r"(https?://|www\.)\S+", " urltoken "),
    (r"@\w+", " usertoken "),
    (r"&amp;", "&"),
    (r"&lt;", "<"),
    (r"&gt;", ">"),
    (r"&quot;", '"'),
    (r"[\x{2018}\x{2019}]|&#39;", "'"),
    # Every sign that is no letter, digit or apostrophe is a word of its own: "!" and "?" mean something.
    (r"([^\pL\pM\pN_'\s])", r" \1 "),
)


def words_of(texts: tf.Tensor) -> tf.RaggedTensor:
    """Words of each text in their order: (texts,) strings to (texts, words)."""
    cleaned = tf.strings.lower(texts, encoding="utf-8")
    for pattern, replacement in CLEANING:
        cleaned = tf.strings.regex_replace(cleaned, pattern, replacement)
    return tf.strings.split(cleaned)


def features_of(texts: tf.Tensor, stem_characters: int, characters: int = 0) -> tf.RaggedTensor:
    """Features of each text, repeated ones included: (texts,) strings to (texts, features).

    stem_characters: letters of a stem; 0 leaves the stems out
    characters: the longest run of a word's characters; 0 leaves the runs out
    """
    words = words_of(texts)
    features = [words, tf.strings.ngrams(words, 2, separator=" ")]
    if stem_characters:
        # No word ends in "*", since a star becomes a word of its own.
        stems = tf.strings.substr(words.flat_values, 0, stem_characters, unit="UTF8_CHAR") + "*"
        features.append(words.with_flat_values(stems))
    if characters:
        features.append(_runs_of(words, characters))
    return tf.concat(features, axis=1)


def _runs_of(words: tf.RaggedTensor, longest: int) -> tf.RaggedTensor:
    """Runs of 1 to `longest` characters of "<word>", each behind a "#", with which no word of two letters begins."""
    split = tf.strings.unicode_split("<" + words.flat_values + ">", "UTF-8")
    runs = tf.strings.ngrams(split, list(range(1, longest + 1)), separator="")
    marked = runs.with_flat_values("#" + runs.flat_values)
    return words.with_flat_values(marked).merge_dims(1, 2)


def build_vocabulary(
    texts: Sequence[str],
    *,
    stem_characters: int,
    characters: int = 0,
    min_texts: int,
    max_features: int,
    batch_size: int = 1024,
) -> list[str]:
    """Features that occur in at least `min_texts` texts, the most frequent first, ties by their spelling."""
    counts: Counter[bytes] = Counter()
    for start in range(0, len(texts), batch_size):
        batch = features_of(tf.constant(texts[start : start + batch_size]), stem_characters, characters)
        for features in batch.to_list():
            counts.update(set(features))
    frequent = [(-count, feature) for feature, count in counts.items() if count >= min_texts]
    return [feature.decode("utf-8") for _, feature in sorted(frequent)[:max_features]]


class TextFeatures(tf.Module):  # type: ignore[misc] # tensorflow is published without types
    """Looks up the features of texts in a vocabulary.

    Ids are PADDING, UNKNOWN, then the vocabulary from FIRST_FEATURE on.
    """

    def __init__(self, vocabulary: Sequence[str], stem_characters: int, characters: int = 0) -> None:
        super().__init__()
        self.stem_characters = stem_characters
        self.characters = characters
        ids = tf.range(FIRST_FEATURE, FIRST_FEATURE + len(vocabulary), dtype=tf.int64)
        initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(vocabulary), dtype=tf.string), ids)
        self.table = tf.lookup.StaticHashTable(initializer, default_value=UNKNOWN)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator] # as above
    def __call__(self, texts: tf.Tensor) -> tf.Tensor:
        """Ids of each text, ascending and each once, padded: (texts,) strings to (texts, longest) int64."""
        features = features_of(texts, self.stem_characters, self.characters)
        ids = tf.sort(self.table.lookup(features).to_tensor(default_value=PADDING), axis=1)
        repeated = tf.concat([tf.zeros_like(ids[:, :1], tf.bool), ids[:, 1:] == ids[:, :-1]], axis=1)
        return tf.where(repeated, tf.cast(PADDING, tf.int64), ids)

    def of_all(self, texts: Sequence[str], batch_size: int = 1024) -> tf.RaggedTensor:
        """Ids of many texts without padding: (texts, features) int64."""
        parts = []
        for start in range(0, len(texts), batch_size):
            ids = self(tf.constant(texts[start : start + batch_size]))
            parts.append(tf.ragged.boolean_mask(ids, ids != PADDING))
        return tf.concat(parts, axis=0)
