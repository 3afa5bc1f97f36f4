"""Texts that are nearly the same, held against the exact share of runs in common and against datasketch."""

from __future__ import annotations

import random
import string
import tracemalloc

import numpy as np
import pytest
from datasketch import MinHash

from steps.min_hash import BANDS, ORDERS, alike, band_keys, min_hashes, sketches
from steps.near_duplicates import ALIKE, FEWEST_CHARACTERS, NearDuplicates
from steps.profile import Place
from steps.row_index import RowIndex

SENTENCE = "the committee decided to postpone the opening of the new bridge until the end of the winter"


def sentence(generator: random.Random, words: int = 20) -> str:
    return " ".join("".join(generator.choices(string.ascii_lowercase, k=6)) for _ in range(words))


def runs(text: str) -> set[str]:
    return {text[start : start + 5] for start in range(len(text) - 4)}


def in_common(one: str, other: str) -> float:
    return len(runs(one) & runs(other)) / len(runs(one) | runs(other))


def pairs(texts: list[str], among: list[bool] | None = None) -> set[tuple[int, int]]:
    near = NearDuplicates()
    for row, text in enumerate(texts):
        near.add(row, text)
    looked_at = np.array([True] * len(texts) if among is None else among)
    return {
        pair for earlier, later in near.pairs(looked_at) for pair in zip(earlier.tolist(), later.tolist(), strict=True)
    }


@pytest.mark.parametrize("changed", [0, 1, 3, 6, 10, 20])
def test_the_estimate_is_near_the_exact_share_and_datasketchs(changed: int) -> None:
    generator = random.Random(changed)  # noqa: S311 - sentences, not secrets
    errors, others = [], []
    for _ in range(40):
        one = sentence(generator)
        words = one.split()
        for place in generator.sample(range(20), changed):
            words[place] = sentence(generator, 1)
        other = " ".join(words)
        sketch = sketches(min_hashes([one, other]))
        hashes = [MinHash(ORDERS), MinHash(ORDERS)]
        for found, text in zip(hashes, (one, other), strict=True):
            found.update_batch([run.encode() for run in runs(text)])
        exact = in_common(one, other)
        errors.append(float(alike(sketch[:1], sketch[1:])[0]) - exact)
        others.append(hashes[0].jaccard(hashes[1]) - exact)
    assert abs(np.mean(errors)) < 0.04
    assert np.std(errors) < max(1.6 * np.std(others), 0.07)
    assert changed or max(map(abs, errors)) == 0


def test_the_hashes_of_a_text_do_not_depend_on_its_neighbours() -> None:
    generator = random.Random(3)  # noqa: S311 - sentences, not secrets
    texts = [sentence(generator, words=1 + number % 9) + "." for number in range(50)]
    together = min_hashes(texts)
    assert together.shape == (50, ORDERS)
    for position, text in enumerate(texts):
        assert (min_hashes([text])[0] == together[position]).all()
    assert band_keys(together).shape == (50, BANDS)


def test_shortest_text_and_every_script_can_be_hashed() -> None:
    assert min_hashes(["abcde"]).shape == (1, ORDERS)
    one, other = "この映画はとても面白かったです" * 2, "この映画はとても面白くなかった" * 2
    sketch = sketches(min_hashes([one, one, other, "🎬" * 9 + "🎞" * 9]))
    assert alike(sketch[:1], sketch[1:2])[0] == 1
    assert alike(sketch[:1], sketch[2:3])[0] < ALIKE
    assert alike(sketch[:1], sketch[3:])[0] < 0.3


def test_nearly_all_pairs_beyond_the_limit_are_found_and_others_hardly_ever() -> None:
    generator = random.Random(5)  # noqa: S311 - sentences, not secrets
    texts = [sentence(generator) for _ in range(300)]
    for text in texts[:200]:
        words = text.split()
        words[generator.randrange(20)] = sentence(generator, 1)
        texts.append(" ".join(words))
    exact = {(number, 300 + number) for number in range(200)}
    assert all(in_common(texts[one], texts[other]) > ALIKE for one, other in exact)
    found = pairs(texts)
    assert len(found & exact) > 170
    assert found - exact == set()


def test_one_word_less_is_nearly_the_same_and_another_sentence_is_not() -> None:
    assert pairs([SENTENCE, "nothing of the kind was ever said by anybody in this town", SENTENCE + " again"]) == {
        (0, 2)
    }


def test_a_link_of_its_own_makes_no_other_text() -> None:
    texts = [f"{SENTENCE} https://example.com/{number * 7919:09}" for number in range(3)]
    assert pairs(texts) >= {(0, 1), (1, 2)}


def test_short_texts_are_not_compared() -> None:
    name = "a" * (FEWEST_CHARACTERS - 1)
    near = NearDuplicates()
    near.add(0, name)
    near.add(1, name)
    assert (near.comparable, list(near.pairs(np.ones(2, dtype=np.bool_)))) == (0, [])


def test_rows_that_are_not_looked_at_are_in_no_pair() -> None:
    texts = [SENTENCE, SENTENCE, SENTENCE + "!"]
    assert pairs(texts, [True, False, True]) == {(0, 2)}


def test_the_hundredfold_text_takes_no_more_comparisons_than_its_neighbours() -> None:
    found = pairs([f"{SENTENCE} number {number}" for number in range(300)])
    assert {later for _, later in found} == set(range(1, 300))
    assert len(found) < 300 * 8 * BANDS


def test_where_there_is_no_room_for_more_the_first_texts_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.near_duplicates.MOST_TEXTS", 2)
    near = NearDuplicates()
    for row in range(5):
        near.add(row, SENTENCE + "!" * row)
    among = np.ones(5, dtype=np.bool_)
    assert (near.comparable, near.looked_at, near.compared(among).tolist()) == (5, 2, [0, 1])
    assert {(one.tolist()[0], other.tolist()[0]) for one, other in near.pairs(among) if len(one)} == {(0, 1)}


def test_characters_beyond_the_most_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.near_duplicates.MOST_CHARACTERS", len(SENTENCE) + 1)
    near = NearDuplicates()
    for row in range(4):
        near.add(row, SENTENCE)
    assert (near.comparable, near.looked_at) == (4, 2)


def test_ten_million_rows_leave_room_in_two_gibibytes() -> None:
    rows = 40_000
    generator = random.Random(13)  # noqa: S311 - sentences, not secrets
    words = [sentence(generator, 1) for _ in range(2000)]
    near, index = NearDuplicates(), RowIndex()
    tracemalloc.start()
    for row in range(rows):
        text = " ".join(generator.choices(words, k=10))
        near.add(index.add(Place(row=row + 1, line=row + 2), text, "yes", "train"), text)
    kept = tracemalloc.get_traced_memory()[0] / rows
    is_first = index.repeated().is_first
    assert sum(len(earlier) for earlier, _ in near.pairs(is_first)) == 0
    peak = tracemalloc.get_traced_memory()[1] / rows
    tracemalloc.stop()
    assert kept < 120
    assert peak < 160
