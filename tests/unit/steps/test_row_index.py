from __future__ import annotations

import random

from steps.profile import Place, RowsFound
from steps.row_index import RowIndex
from steps.split import SPLITS, Split


def index_of(rows: list[tuple[str, str]]) -> RowIndex:
    index = RowIndex()
    for number, (identity, answer) in enumerate(rows, 1):
        assert index.add(Place(row=number, line=2 * number), identity, answer, "train") == number - 1
    return index


def rows_of(found: RowsFound) -> list[int]:
    return [place.row for place in found.places]


def test_an_empty_file_has_nothing_repeated() -> None:
    repeated = RowIndex().repeated()
    assert (repeated.distinct, repeated.duplicates, repeated.conflicts) == (0, RowsFound(), RowsFound())


def test_the_first_three_places_are_the_earliest_with_their_lines() -> None:
    repeated = index_of([("a", "0")] * 6 + [("b", "0")]).repeated()
    assert (repeated.distinct, repeated.duplicates.count, rows_of(repeated.duplicates)) == (2, 5, [2, 3, 4])
    assert str(repeated.duplicates.places[0]) == "row 2 (line 4)"
    assert repeated.is_first.tolist() == [True, False, False, False, False, False, True]


def test_an_input_contradicts_itself_once_where_it_first_does() -> None:
    rows = [("a", "0"), ("b", "1"), ("b", "0"), ("a", "0"), ("a", "1"), ("a", "2"), ("b", "2")]
    conflicts = index_of(rows).repeated().conflicts
    assert (conflicts.count, rows_of(conflicts)) == (2, [3, 5])


def test_it_agrees_with_comparing_every_row_with_all_before() -> None:
    generator = random.Random(11)  # noqa: S311 - rows, not secrets
    rows = [(f"text {generator.randrange(400)}", str(generator.randrange(3))) for _ in range(2000)]
    first: dict[str, str] = {}
    duplicates: list[int] = []
    conflicts: dict[str, int] = {}
    for number, (text, answer) in enumerate(rows, 1):
        if text in first:
            duplicates.append(number)
            if first[text] != answer:
                conflicts.setdefault(text, number)
        first.setdefault(text, answer)
    repeated = index_of(rows).repeated()
    assert repeated.distinct == len(first)
    assert (repeated.duplicates.count, rows_of(repeated.duplicates)) == (len(duplicates), duplicates[:3])
    assert (repeated.conflicts.count, rows_of(repeated.conflicts)) == (len(conflicts), sorted(conflicts.values())[:3])


def test_the_parts_are_known_by_their_position() -> None:
    index = RowIndex()
    parts: tuple[Split, ...] = ("test", "train", "validation")
    for split in parts:
        index.add(Place(row=1, line=1), split, "", split)
    assert [SPLITS[number] for number in index.splits().tolist()] == ["test", "train", "validation"]
