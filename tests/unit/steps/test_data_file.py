from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from steps.data_file import check_data_file
from steps.errors import DataUnavailableError
from steps.recipe import Recipe

MakeRecipe = Callable[..., Recipe]
GOOD_ROWS = b"".join(b"text number %d,%d\n" % (number, number % 2) for number in range(200))


@pytest.fixture
def refusal(tmp_path: Path, make_recipe: MakeRecipe) -> Callable[[bytes], str]:
    def check(data: bytes) -> str:
        file = tmp_path / "mine.csv"
        file.write_bytes(data)
        with pytest.raises(DataUnavailableError) as caught:
            check_data_file(file, make_recipe())
        return str(caught.value)

    return check


Refusal = Callable[[bytes], str]


def test_a_good_file_passes(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(b"text,label\n" + GOOD_ROWS)
    check_data_file(file, make_recipe())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", ["mine.csv is empty", "Give a CSV"]),
        (b"text,label\n", ["mine.csv has a header but no rows", "Add rows"]),
        (b"\x89PNG\r\n\x1a\n\0\0", ["mine.csv is no CSV in UTF-8", "line 1, byte 1", "Export it"]),
        (b'{"text": "fine", "label": 1}\n', ["mine.csv has no column 'text'"]),
        (b"review,label\n" + GOOD_ROWS, ["no column 'text'", "'review', 'label'", "data section"]),
        (b"text,verdict\n" + GOOD_ROWS, ["no column 'label'", "'text', 'verdict'"]),
        (b"text,label\n" + GOOD_ROWS.replace(b",1\n", b",0\n"), ["mine.csv has 0 usable rows labelled good"]),
        (b"text,label\na,0\nb,1\nc,0\n", ["mine.csv has 3 usable rows", "at least 10 are needed", "Add rows"]),
        (b"text,label\n" + GOOD_ROWS + b"so so,2\n", ["row 201 (line 202)", "column 'label': '2' is none of 0, 1"]),
        (b"text,label\n" + GOOD_ROWS + b"caf\xe9,1\n", ["line 202, byte 4 is 0xe9", "not UTF-8", "Correct these rows"]),
    ],
)
def test_a_file_that_cannot_be_the_recipes_data_is_refused_with_where_and_what_to_do(
    refusal: Refusal, data: bytes, says: list[str]
) -> None:
    sentence = refusal(data)
    assert all(words in sentence for words in says), sentence
    assert "text number" not in sentence


def test_rows_damaged_here_and_there_are_left_to_the_run(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    for damage in (b"one field\n", b"caf\xe9,1\none field\n", b",1\n" * 50, b'"never closed,1\na,0\n'):
        file = tmp_path / "mine.csv"
        file.write_bytes(b"text,label\n" + GOOD_ROWS + damage)
        check_data_file(file, make_recipe())


def test_a_path_without_a_file_is_named(tmp_path: Path, make_recipe: MakeRecipe) -> None:
    with pytest.raises(DataUnavailableError, match=r"none\.csv does not exist"):
        check_data_file(tmp_path / "none.csv", make_recipe())
    with pytest.raises(DataUnavailableError, match="is no file"):
        check_data_file(tmp_path, make_recipe())
