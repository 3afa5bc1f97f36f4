"""Texts to feature ids, as TensorFlow operations that are saved with the model.

A text's features are its words, its pairs of neighbouring words, the first letters of each word (a stem of sorts,
which lets "love", "loved" and "lovely" share what is known of them), and, when asked for, the runs of characters in
each word with marks where it begins and ends (which lets a word never seen be known by its parts). A feature counts
once a text. Any Unicode and any length is taken. Training and serving run these very operations, so nothing has
to be kept in step.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PADDING = 0
UNKNOWN = 1
FIRST_FEATURE = 2

# Features that are counted at the same time; each takes about 100 bytes.
MAX_COUNTED = 10_000_000

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
    texts: Iterable[str],
    *,
    stem_characters: int,
    characters: int = 0,
    min_texts: int,
    max_features: int,
    batch_size: int = 1024,
    max_counted: int = MAX_COUNTED,
) -> list[str]:
    """Features that occur in at least `min_texts` texts, the most frequent first, ties by their spelling.

    So many features that they would fill the memory are thinned out on the way: one found in a single text so far is
    forgotten, and counted anew when it comes again.
    """
    counts: Counter[bytes] = Counter()
    for batch in batched(texts, batch_size):
        for features in features_of(tf.constant(batch), stem_characters, characters).to_list():
            counts.update(set(features))
        if len(counts) > max_counted:
            counts = Counter({feature: count for feature, count in counts.items() if count > 1})
    frequent = [(-count, feature) for feature, count in counts.items() if count >= min_texts]
    return [feature.decode("utf-8") for _, feature in sorted(frequent)[:max_features]]


def batched(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Texts in lists of at most `size`, none of them empty."""
    rest = iter(texts)
    while batch := list(islice(rest, size)):
        yield batch


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

    def of_all(self, texts: Iterable[str], batch_size: int = 256) -> tf.RaggedTensor:
        """Ids of many texts without padding: (texts, features) int32; the texts are read once and not kept."""
        ids, lengths = [], []
        for batch in batched(texts, batch_size):
            padded = tf.cast(self(tf.constant(batch)), tf.int32).numpy()
            kept = padded != PADDING
            ids.append(padded[kept])
            lengths.append(kept.sum(axis=1))
        return tf.RaggedTensor.from_row_lengths(np.concatenate(ids), np.concatenate(lengths))
