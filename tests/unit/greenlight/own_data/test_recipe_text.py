from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.errors import WrongUseError
from greenlight.own_data.recipe_text import recipe_text, write_recipe
from steps.recipe import parse_recipe

DOCUMENT = {
    "name": "mine",
    "description": "Which label does a text have?",
    "task": "binary",
    "data": {"text_column": "body", "labels": {"0": "no", "yes": "yes"}},
    "metrics": {"gates": [{"name": "roc_auc", "floor": 0.6}]},
    "approval": {"approvers": ["approver@example.com"]},
    "smoke": {"evaluated_rows": 10},
}


def test_the_text_reads_back_as_the_recipe_and_says_what_each_section_is(tmp_path: Path) -> None:
    text = recipe_text(DOCUMENT, "mine.csv")
    assert parse_recipe(text, where="mine").data.labels == {"0": "no", "yes": "yes"}
    assert "# Written from what was in mine.csv." in text
    assert "# Which columns mean what.\ndata:\n" in text
    written = write_recipe(tmp_path, "mine", text)
    assert written.read_text(encoding="utf-8") == text
    assert [path.name for path in written.parent.iterdir()] == ["recipe.yaml"]


def test_a_recipe_that_is_there_is_kept(tmp_path: Path) -> None:
    write_recipe(tmp_path, "mine", "first")
    with pytest.raises(WrongUseError, match="release it with `greenlight run mine --data FILE`"):
        write_recipe(tmp_path, "mine", "second")
    assert (tmp_path / "recipes" / "mine" / "recipe.yaml").read_text() == "first"
