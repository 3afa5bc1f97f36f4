from __future__ import annotations

import pytest
import tensorflow as tf

from training.text_features import PADDING, UNKNOWN, TextFeatures, build_vocabulary, features_of, words_of


def words(text: str) -> list[str]:
    (found,) = words_of(tf.constant([text])).to_list()
    return [word.decode() for word in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's GREAT, really!", ["it's", "great", ",", "really", "!"]),
        ("good<br /><br/>bad<BR>", ["good", "bad"]),
        ("see https://a.example/b?c=d or WWW.b.example now", ["see", "urltoken", "or", "urltoken", "now"]),
        (
            "@someone salt &amp; pepper &lt;3 &quot;x&quot;",
            ["usertoken", "salt", "&", "pepper", "<", "3", '"', "x", '"'],
        ),
        ("don\u2019t don&#39;t", ["don't", "don't"]),
        ("ÉCOLE naïve 日本 é", ["école", "naïve", "日本", "é"]),
        ("a\n\tb  c", ["a", "b", "c"]),
        ("", []),
        ("   ", []),
    ],
)
def test_a_text_is_cleaned_and_cut_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_features_are_words_pairs_and_stems() -> None:
    (found,) = features_of(tf.constant(["lovely film"]), 4).to_list()
    assert found == [b"lovely", b"film", b"lovely film", b"love*", b"film*"]


def test_without_stem_characters_there_are_no_stems() -> None:
    (found,) = features_of(tf.constant(["lovely film"]), 0).to_list()
    assert found == [b"lovely", b"film", b"lovely film"]


def test_runs_of_characters_know_where_a_word_begins_and_ends() -> None:
    (found,) = features_of(tf.constant(["Éa b"]), 0, 3).to_list()
    runs = [feature.decode() for feature in found if feature.startswith(b"#")]
    assert sorted(runs) == sorted(
        ["#<", "#é", "#a", "#>", "#<é", "#éa", "#a>", "#<éa", "#éa>", "#<", "#b", "#>", "#<b", "#b>", "#<b>"]
    )


@pytest.mark.parametrize(
    "text", ["", "'", "O'Neil-Smith", "Zoë Þórdís Nguyễn", "李雷", "👩‍👩‍👧", "ab" * 5000, "\u0301", "a\x00b", "#<b>"]
)
def test_any_unicode_and_any_length_has_features(text: str) -> None:
    (found,) = features_of(tf.constant([text]), 5, 6).to_list()
    assert bool(found) is bool(text.strip())
    assert all(feature.decode("utf-8") for feature in found)


@pytest.mark.parametrize("text", ["a", "#", "<", ">", "<a>", "#a", "x#<a"])
def test_no_word_reads_like_a_run_of_characters(text: str) -> None:
    plain = set(features_of(tf.constant([text]), 5, 0).to_list()[0])
    runs = set(features_of(tf.constant(["<a> #<a x#<a a # < >"]), 0, 3).to_list()[0]) - set(
        features_of(tf.constant(["<a> #<a x#<a a # < >"]), 0, 0).to_list()[0]
    )
    assert not plain & runs


def test_the_vocabulary_holds_what_enough_texts_hold_the_most_frequent_first() -> None:
    texts = ["b a a a", "a b", "a c", "c"]
    assert build_vocabulary(texts, stem_characters=0, min_texts=2, max_features=9, batch_size=3) == ["a", "b", "c"]
    assert build_vocabulary(texts, stem_characters=0, min_texts=2, max_features=1) == ["a"]
    assert build_vocabulary(texts, stem_characters=0, min_texts=3, max_features=9) == ["a"]


def test_a_feature_counts_once_a_text_and_an_unknown_one_is_unknown() -> None:
    features = TextFeatures(["a", "b", "a b"], stem_characters=0)
    ids = features(tf.constant(["b a a zzz", "a b", ""])).numpy().tolist()
    kept = [sorted(number for number in row if number != PADDING) for row in ids]
    assert kept == [[UNKNOWN, 2, 3], [2, 3, 4], []]


def test_many_texts_are_looked_up_without_padding() -> None:
    features = TextFeatures(["a", "b", "a b"], stem_characters=0)
    assert features.of_all(["a b", "", "b"], batch_size=2).to_list() == [[2, 3, 4], [], [3]]


def test_features_that_would_fill_the_memory_are_thinned_out_and_frequent_ones_stay() -> None:
    texts = (f"common only{number}" for number in range(50))
    found = build_vocabulary(texts, stem_characters=0, min_texts=2, max_features=9, batch_size=5, max_counted=20)
    assert found == ["common"]
