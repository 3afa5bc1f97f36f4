"""What Preprocess tells of texts, in a file as it comes."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from steps.preprocess import profile_file
from steps.profile import DataProfile, RowsFound, TextProfile
from steps.recipe import Recipe
from steps.split import normalised_text, split_of

MakeRecipe = Callable[..., Recipe]
CLAUSES = [
    "the committee met in the old library on a rainy morning",
    "several people had walked all the way from the station",
    "nobody could remember who had written the first letter",
    "a small orchestra was playing in the square outside",
    "the price of bread had risen again since the spring",
    "her brother sold the boat and moved to another coast",
]


def texts(number: int) -> list[str]:
    generator = random.Random(7)  # noqa: S311 - sentences, not secrets
    return [" and ".join(generator.sample(CLAUSES, 4)) + f" in {1000 + each}" for each in range(number)]


@pytest.fixture
def profiled(tmp_path: Path, make_recipe: MakeRecipe) -> Callable[[list[str]], TextProfile]:
    def run(rows: list[str]) -> TextProfile:
        found = profile_of(tmp_path, make_recipe(), rows)
        assert found.texts is not None
        return found.texts

    return run


def profile_of(folder: Path, recipe: Recipe, rows: list[str]) -> DataProfile:
    body = "".join(f"{text},{number % 2}\n" for number, text in enumerate(rows))
    (folder / "f.csv").write_text(f"text,label\n{body}", encoding="utf-8")
    return profile_file(folder / "f.csv", recipe, lambda *_row: None)


def rows_of(found: RowsFound) -> list[int]:
    return [place.row for place in found.places]


def test_every_kind_of_trouble_is_counted_with_its_rows(profiled: Callable[[list[str]], TextProfile]) -> None:
    rows = [
        "The meeting was moved to the afternoon because several of the guests had missed their train.",
        "Every seat in the theatre was taken long before the doors were opened to the public.",
        "Die Besprechung wurde auf den Nachmittag verlegt weil mehrere Personen ihren Zug verpasst hatten.",
        "The caf\u00c3\u00a9 on the corner closes early on Sundays and on every public holiday in the year.",
        "The <b>last</b> of the visitors left the museum at five and the guards locked the gates.",
        "The meeting was moved to the afternoon because several of the guests had missed their trains.",
        "THE MEETING was moved to the afternoon because several of the guests had missed their train.",
    ]
    found = profiled(rows)
    assert rows_of(found.near_duplicates) == [6]  # the seventh is an equal one
    assert (found.comparable, found.compared) == (7, 6)
    assert rows_of(found.languages.others) == [3]
    assert rows_of(found.broken_encoding) == [4]
    assert rows_of(found.markup) == [5]


def test_what_is_held_back_and_nearly_trained_on_has_leaked(
    profiled: Callable[[list[str]], TextProfile], make_recipe: MakeRecipe
) -> None:
    section = make_recipe().split
    singles = [f"{number} {clause} {number * 31} {number * 17}" for number, clause in enumerate(CLAUSES * 20)]
    # Of each text a second one with another ending; some of the pairs part.
    rows = [text for single in singles for text in (f"{single} for a while", f"{single} for a whole")]
    order = {"train": 0, "validation": 1, "test": 2}
    found = profiled(rows)
    parts = [order[split_of(normalised_text(text), section)] for text in rows]
    parted = [number for number in range(0, len(rows), 2) if parts[number] != parts[number + 1]]
    assert parted
    # Clauses come again, so that others may be alike as well; every parted pair is among them.
    assert found.leaked.count >= len(parted) * 0.9
    assert all(parts[row - 1] > 0 for row in rows_of(found.leaked))
    assert found.compared_held_back == sum(part > 0 for part in parts)


def test_texts_that_differ_are_neither_near_nor_leaked(profiled: Callable[[list[str]], TextProfile]) -> None:
    generator = random.Random(9)  # noqa: S311 - sentences, not secrets
    words = sorted({word for clause in CLAUSES for word in clause.split()})
    found = profiled([" ".join(generator.choices(words, k=25)) for _ in range(400)])
    assert (found.near_duplicates.count, found.leaked.count, found.compared) == (0, 0, 400)


def test_the_recipes_languages_are_expected(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    rows = [f"{clause} {number}" for number, clause in enumerate(CLAUSES)]
    found = profile_of(tmp_path, make_recipe(data_rules={"languages": ["de"]}), rows).texts
    assert found is not None
    assert (found.languages.expected, found.languages.others.count) == (("de",), found.languages.texts)


def test_nothing_of_a_row_is_in_the_profile(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    told = profile_of(tmp_path, make_recipe(), texts(60)).model_dump_json()
    assert not any(word in told for word in ("committee", "orchestra", "library"))


def test_a_quick_look_leaves_texts_out(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    profile_of(tmp_path, make_recipe(), texts(20))
    quick = profile_file(tmp_path / "f.csv", make_recipe(), lambda *_row: None, with_texts=False)
    assert (quick.usable_rows, quick.texts, quick.vocabulary_words) == (20, None, None)


def test_published_tweets_repeat_each_other(make_recipe: MakeRecipe, shared_data: Path) -> None:
    data = {"text_column": "text", "label_column": "target", "labels": {"0": "other", "1": "disaster"}}
    recipe = make_recipe(data=data, smoke={"cases": [{"text": "x", "label": "other"}]})
    found = profile_file(shared_data / "disaster-tweets" / "train.csv", recipe, lambda *_row: None).texts
    assert found is not None
    # 767 of them have four fifths in common with an earlier one, counted exactly.
    assert 690 < found.near_duplicates.count < 850
    assert 0.05 < found.broken_encoding.count / 7613 < 0.1
    assert found.languages.expected == ("en",)
