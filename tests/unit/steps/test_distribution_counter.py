from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from steps.distribution_counter import LEAST_ROWS_TO_NAME, DistributionCounter
from steps.distributions import CATEGORY_BUCKETS, MAX_CATEGORIES, SAMPLE_ROWS, WORD_BUCKETS, Distributions
from steps.recipe import Recipe
from steps.row_reader import PreparedRow
from steps.split import Split

Cells = Sequence[float | str | None]


def table(recipe: Recipe, rows: Sequence[Cells], *, parts: Sequence[Split] = ()) -> Distributions:
    """Of rows of area, rooms, street and fence; the price is the row's number."""
    counter = DistributionCounter(recipe)
    for number, values in enumerate(rows, 1):
        row = PreparedRow([], [], "", str(values), 0, float(number), values)
        counter.add(number, row, parts[number - 1] if parts else "train")
    return counter.distributions()


def texts(recipe: Recipe, rows: Sequence[str]) -> Distributions:
    counter = DistributionCounter(recipe)
    for number, text in enumerate(rows, 1):
        counter.add(number, PreparedRow([text], ["good"], "good", text, len(text)), "train")
    return counter.distributions()


def test_a_column_of_numbers_keeps_them_its_gaps_and_its_outermost_rows(houses: Recipe) -> None:
    area = table(houses, [(value, None, None, None) for value in (5, 1.5, None, 9, 7, -2, 9)]).numeric["area"]
    assert (area.rows, area.missing) == (6, 1)
    assert area.sample == (-2, 1.5, 5, 7, 9, 9)
    assert [(each.value, each.row) for each in area.lowest] == [(-2, 6), (1.5, 2), (5, 1)]
    assert [(each.value, each.row) for each in area.highest] == [(9, 4), (9, 7), (7, 5)]


def test_a_column_of_words_counts_them_and_names_those_that_many_rows_share(houses: Recipe) -> None:
    words = ["paved"] * LEAST_ROWS_TO_NAME + ["gravel"] * (LEAST_ROWS_TO_NAME - 1) + ["x" * 41] * 9 + [None]
    street = table(houses, [(None, None, word, None) for word in words]).categorical["street"]
    assert (street.rows, street.missing) == (18, 1)
    assert street.categories is not None
    assert [(each.name, each.rows, each.first_rows) for each in street.categories] == [
        (None, 9, (10, 11, 12)),
        ("paved", 5, (1, 2, 3)),
        (None, 4, (6, 7, 8)),
    ]
    assert len({each.key for each in street.categories}) == 3


def test_a_category_that_only_held_back_rows_have_is_known(houses: Recipe) -> None:
    parts: list[Split] = ["test", "train", "validation"]
    street = table(houses, [(None, None, word, None) for word in ("a", "a", "b")], parts=parts).categorical["street"]
    assert street.categories is not None
    assert {each.rows: each.is_trained for each in street.categories} == {2: True, 1: False}


def test_of_too_many_categories_only_buckets_are_counted(houses: Recipe) -> None:
    few = table(houses, [(None, None, f"word {number}", None) for number in range(MAX_CATEGORIES)])
    many = table(houses, [(None, None, f"word {number % 1500}", None) for number in range(4000)])
    assert few.categorical["street"].categories is not None
    street = many.categorical["street"]
    assert (street.rows, street.categories) == (4000, None)
    assert (sum(street.buckets), len(street.buckets)) == (4000, CATEGORY_BUCKETS)


def test_equal_words_fall_into_the_same_bucket_whether_they_are_many_or_not(houses: Recipe) -> None:
    few = table(houses, [(None, None, "word 7", None)]).categorical["street"]
    rows = [(None, None, f"word {number}", None) for number in range(2000)]
    many = table(houses, rows + [(None, None, "word 7", None)] * 3000).categorical["street"]
    assert many.buckets[few.buckets.index(1)] > 3000


def test_a_sample_of_many_rows_is_drawn_evenly_and_is_the_same_each_time(houses: Recipe) -> None:
    rows = [(float(number), None, None, None) for number in range(20_000)]
    sample = table(houses, rows).numeric["area"].sample
    assert sample == table(houses, rows).numeric["area"].sample
    assert (len(sample), len(set(sample))) == (SAMPLE_ROWS, SAMPLE_ROWS)
    tenths = np.histogram(sample, bins=10, range=(0, 20_000))[0]
    # Four standard deviations of a binomial share.
    assert all(abs(count - 100) < 4 * 9.5 for count in tenths)


def test_a_gap_takes_its_place_in_the_sample(houses: Recipe) -> None:
    rows = [(1.0 if number % 2 else None, None, None, None) for number in range(5000)]
    area = table(houses, rows).numeric["area"]
    assert (area.rows, area.missing) == (2500, 2500)
    assert len(area.sample) == pytest.approx(500, abs=65)


def test_texts_keep_their_lengths_and_one_word_each_and_nothing_else(opinions: Recipe) -> None:
    found = texts(opinions, ["good film", "a much longer sentence about a film", "bad"])
    assert found.text_length is not None
    assert found.text_length.sample == (3, 9, 35)
    assert (sum(found.words), len(found.words)) == (3, WORD_BUCKETS)
    assert (found.numeric, found.categorical, found.target) == ({}, {}, None)
    assert "film" not in found.model_dump_json()


def test_numbers_to_predict_are_kept_and_a_table_has_no_words(houses: Recipe) -> None:
    found = table(houses, [(1, 2, "a", None)] * 4)
    assert found.target is not None
    assert found.target.sample == (1, 2, 3, 4)
    assert (found.text_length, found.words) == (None, ())


def test_the_size_does_not_grow_with_the_rows(houses: Recipe, opinions: Recipe) -> None:
    def sizes(rows: int) -> list[int]:
        cells = [(number / 7, number % 5, f"word {number % 9}", None) for number in range(rows)]
        found = table(houses, cells), texts(opinions, [f"text number {number}" for number in range(rows)])
        return [len(each.model_dump_json()) for each in found]

    assert all(large < 1.2 * small for small, large in zip(sizes(2000), sizes(20_000), strict=True))
