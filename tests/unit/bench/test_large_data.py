from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.large_data import Kind, Measured, main, make_file, measure, print_measured, recipe_text
from steps.recipe import parse_recipe


@pytest.mark.parametrize("kind", ["text", "table"])
def test_a_made_file_fits_its_recipe_and_what_was_planted_is_found(tmp_path: Path, kind: Kind) -> None:
    found = measure(tmp_path, kind, 2000)
    assert found.rows == 2000
    assert found.duplicates == 39  # one in fifty, from the fiftieth on
    assert found.near == (39 if kind == "text" else None)
    assert 20_000_000 < found.peak < 1_000_000_000
    assert found.seconds > 0


def test_the_same_rows_are_made_each_time(tmp_path: Path) -> None:
    for name in ("one.csv", "other.csv"):
        make_file(tmp_path / name, "text", 300)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()
    assert len((tmp_path / "one.csv").read_text().splitlines()) == 301
    assert parse_recipe(recipe_text("table"), where="made").task == "regression"


def test_memory_is_told_in_mebibytes() -> None:
    console = Console(file=io.StringIO(), width=120)
    print_measured(console, [Measured(1_000_000, 120_000_000, 62.4, 512 * 1024**2, 20_000, None)])
    [_, line] = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert line.split() == ["1,000,000", "120", "MB", "62", "512", "MiB", "20,000", "-"]


def test_more_than_two_gibibytes_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.large_data.measure", lambda *_: Measured(9, 9, 1.0, 3 * 1024**3, 0, 0))
    with pytest.raises(SystemExit, match="9 rows took more than 2 GiB"):
        main(["--rows", "9"])
    assert "3,072 MiB" in capsys.readouterr().out


def test_a_preprocess_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.large_data.recipe_text", lambda _kind: "name: no recipe")
    with pytest.raises(SystemExit, match="Preprocess ended with 1"):
        measure(tmp_path, "text", 20)
