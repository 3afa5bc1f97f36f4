from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenlight.commands.keys import page_link
from greenlight.commands.predict import given_rows, print_predictions
from greenlight.errors import WrongUseError
from greenlight.predictions import Predictions


def test_texts_rows_and_files_become_instances(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text('["a", {"LotArea": null}]')
    assert given_rows(["a", "b"], [], None) == ["a", "b"]
    assert given_rows([], ['{"LotArea": 8450}', '{"LotArea": 1}'], None) == [{"LotArea": 8450}, {"LotArea": 1}]
    assert given_rows([], [], file) == ["a", {"LotArea": None}]


@pytest.mark.parametrize(
    ("texts", "rows", "content", "words"),
    [
        ([], [], None, "give texts, or rows with --row, or a file of them with --rows, or a CSV with --file"),
        (["a"], ['"b"'], None, "give texts, or rows with --row, or a file"),
        ([], ['{"a": 1}', "{a: 1}"], None, "--row 2 is no JSON"),
        ([], [], "a,b\n", "rows.json is no JSON"),
        ([], [], "[]", "rows.json holds no list of rows"),
        ([], [], '{"a": 1}', "rows.json holds no list of rows"),
        ([], [], "[" * 100_000, "rows.json is no JSON"),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path, texts: list[str], rows: list[str], content: str | None, words: str
) -> None:
    file = tmp_path / "rows.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(WrongUseError) as raised:
        given_rows(texts, rows, file if content is not None else None)
    assert words in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="cannot be read"):
        given_rows([], [], tmp_path / "none.json")


def test_predictions_of_every_task_are_printed_with_warnings_errors_and_limits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers: list[dict[str, Any] | None] = [
        {"label": "yes", "probability": 0.9, "probabilities": {"no": 0.1, "yes": 0.9}},
        {"labels": ["rude"], "probabilities": {"rude": 0.75, "spam": 0.25}},
        {"labels": [], "probabilities": {"rude": 0.25}},
        {"value": 208500.25, "warnings": ["Street 'Gold' was never seen."]},
        None,
    ]
    instances = ["[red]a text[/]", "b", "c", {"Street": "Gold"}, ""]
    errors = [{"index": 4, "reason": "is an empty text"}]
    print_predictions(instances, Predictions("r", "3", answers, errors, "Judging people."))
    printed = capsys.readouterr()
    for words in (
        "yes",
        "0.900",
        "[red]a text[/]",
        "rude 0.750 spam 0.250",
        "none",
        "208,500",
        '4: {"Street": "Gold"}',
        "row 4: Street 'Gold' was never seen.",
        "answered by version 3 of r",
        "Not for everything. Judging people.",
    ):
        assert words in printed.out
    assert "row 5 was not answered: is an empty text" in printed.err


def test_a_link_to_a_page_needs_keys(target: Any) -> None:
    with pytest.raises(WrongUseError, match="deploy with the parameter ApiAccess=API_KEY"):
        page_link(target, "reviews")
