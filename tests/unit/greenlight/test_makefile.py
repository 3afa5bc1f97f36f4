"""What make hands to the program."""

from __future__ import annotations

import subprocess

import pytest

from greenlight.target import PROJECT


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], "recipes release"),
        (["DATA=my rows"], 'recipes release --data "my rows"'),
        (["RECIPES=name-gender toxic-comments", "FORCE=1"], "recipes release name-gender toxic-comments --force"),
        (["FORCE=0"], "recipes release"),
    ],
)
def test_make_recipes_releases_all_that_ship_unless_it_is_told_which(given: list[str], expected: str) -> None:
    said = subprocess.run(
        ["make", "--dry-run", "recipes", *given], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    (line,) = [line for line in said.stdout.splitlines() if "recipes release" in line]
    assert " ".join(line.split()) == f".venv/bin/greenlight {expected}"
