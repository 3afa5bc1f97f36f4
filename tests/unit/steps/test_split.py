from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.recipe_sections.data import SplitSection
from steps.split import normalised_text, split_of

SPLIT = SplitSection(validation_share=0.1, test_share=0.2, seed=7)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_text_keeps_its_part_whatever_its_case_and_spacing(text: str) -> None:
    assert split_of(f"  {text}\t\n", SPLIT) == split_of(text, SPLIT)
    assert split_of(text.replace(" ", "   "), SPLIT) == split_of(text, SPLIT)


@pytest.mark.parametrize(
    ("text", "normal"),
    [("Grüße  AUS\nKöln", "grüsse aus köln"), ("ﬁne", "fine"), ("", ""), ("x²", "x2"), ("A\u00a0b", "a b")],
)
def test_texts_that_differ_only_in_form_are_equal(text: str, normal: str) -> None:
    assert normalised_text(text) == normal


def test_the_parts_have_the_shares_asked_for() -> None:
    counts = Counter(split_of(f"text number {number}", SPLIT) for number in range(20_000))
    assert counts["test"] / 20_000 == pytest.approx(0.2, abs=0.01)
    assert counts["validation"] / 20_000 == pytest.approx(0.1, abs=0.01)


def test_another_seed_gives_another_split() -> None:
    other = SplitSection(validation_share=0.1, test_share=0.2, seed=8)
    texts = [f"text number {number}" for number in range(200)]
    assert [split_of(text, SPLIT) for text in texts] != [split_of(text, other) for text in texts]


def test_the_split_of_known_texts_never_changes() -> None:
    # A change here moves rows between training and test in every project that upgrades. The positions, by hand from
    # sha256("7\n" + text): 0.457 0.343 0.677 0.565 0.034 0.603 0.098 0.42
    texts = ["a moving film", "a dull mess", "funny and warm", "one", "two", "three", "four", "five"]
    expected = ["train", "train", "train", "train", "test", "train", "test", "train"]
    assert [split_of(text, SPLIT) for text in texts] == expected
    wide = SplitSection(validation_share=0.3, test_share=0.4, seed=7)
    expected = ["validation", "test", "validation", "validation", "test", "validation", "test", "validation"]
    assert [split_of(text, wide) for text in texts] == expected
