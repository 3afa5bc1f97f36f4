from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.behaviour.text_changes import (
    with_contractions,
    with_other_numbers,
    with_other_punctuation,
    with_other_words,
    with_typos,
)

NAMES = ("Mary", "John", "Anna Lee")


def rng(seed: str = "7:typos:1") -> Random:
    return Random(seed)  # noqa: S311 - as the cases draw


def test_a_typo_swaps_two_neighbours_of_one_word_and_keeps_its_first_letter() -> None:
    text = "a truly marvellous evening"
    typed = with_typos(text, 1, rng())
    changed = [(was, now) for was, now in zip(text.split(), typed.split(), strict=True) if was != now]
    [(was, now)] = changed
    assert (was[0], Counter(was)) == (now[0], Counter(now))
    places = [at for at, (one, other) in enumerate(zip(was, now, strict=True)) if one != other]
    assert places[1] == places[0] + 1


def test_several_typos_fall_on_several_words_and_no_more_than_there_are() -> None:
    text = "a truly marvellous evening"
    typed = with_typos(text, 9, rng())
    assert sum(one != other for one, other in zip(text.split(), typed.split(), strict=True)) == 3


@pytest.mark.parametrize("text", ["", "a bit odd", "aaaa oooo", "1234 5678", "!!"])
def test_where_no_word_can_be_mistyped_the_text_stays(text: str) -> None:
    assert with_typos(text, 1, rng()) == text


@given(st.text(max_size=200), st.integers(1, 5))
def test_a_typo_adds_and_loses_no_letter(text: str, count: int) -> None:
    assert Counter(with_typos(text, count, rng())) == Counter(text)


def test_a_name_becomes_another_the_same_one_throughout_and_in_its_case() -> None:
    changed = with_other_words("MARY met john. Mary smiled, and johnny with them.", ("Mary", "John"), rng())
    assert changed == "JOHN met mary. John smiled, and johnny with them."
    assert with_other_words("mary and Mary", NAMES, rng("2")) in {"john and John", "anna lee and Anna Lee"}


def test_a_phrase_is_found_before_a_word_inside_it() -> None:
    assert with_other_words("New York", ["York", "New York", "New York"], rng()) == "York"


def test_one_word_alone_has_no_other() -> None:
    assert with_other_words("Mary", ["Mary"], rng()) == "Mary"


@pytest.mark.parametrize(
    ("text", "how", "changed"),
    [
        ("It was good.", "final", "It was good"),
        ("It was good ?! ", "final", "It was good"),
        ("It was good", "final", "It was good."),
        ("Well, it was: good!", "all", "Well it was good"),
        ("it was good", "all", "it was good"),
    ],
)
def test_punctuation_is_taken_away_or_set(text: str, how: str, changed: str) -> None:
    assert with_other_punctuation(text, how) == changed


@pytest.mark.parametrize(
    ("text", "how", "changed"),
    [
        ("It isn't good, and I'm sad.", "expand", "It is not good, and I am sad."),
        ("ISN'T it", "expand", "IS NOT it"),
        ("Don’t go", "expand", "Do not go"),  # noqa: RUF001 - as people type it
        ("It is not good, and I am sad.", "contract", "It's not good, and I'm sad."),
        ("Mary’s hat isn’t here", "expand", "Mary’s hat is not here"),  # noqa: RUF001
        ("island's end", "expand", "island's end"),
    ],
)
def test_contractions_are_written_out_and_back(text: str, how: str, changed: str) -> None:
    assert with_contractions(text, how) == changed


def test_a_number_becomes_another_near_it() -> None:
    seen = {int(with_other_numbers("After 100 minutes", 0.2, rng(str(n))).split()[1]) for n in range(200)}
    assert 100 not in seen
    assert min(seen) >= 80
    assert max(seen) <= 120


@pytest.mark.parametrize(
    "text", ["Good 4 you, 2 of them", "see t.co/ab/2010", "a B-52", "3.14 or 1,000", "12:30", "#911", "no number"]
)
def test_what_is_no_plain_number_stays(text: str) -> None:
    assert with_other_numbers(text, 1.0, rng()) == text


def test_a_small_number_moves_by_one_and_never_to_nothing() -> None:
    assert with_other_numbers("1 star", 0.1, rng()) == "2 star"
