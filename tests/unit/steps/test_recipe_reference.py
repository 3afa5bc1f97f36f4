from __future__ import annotations

from pathlib import Path

from steps.recipe_reference import main, recipe_reference

PAGE = Path(__file__).parents[3] / "docs" / "recipes.md"


def test_the_page_in_docs_is_what_the_recipe_model_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == recipe_reference()


def test_a_key_is_told_with_its_limits_default_and_meaning() -> None:
    page = recipe_reference()
    assert "| `min_rows` | whole number, at least 10 | `200` | Rows with an input and a known answer. |" in page
    assert "| `validation_share` | number, above 0, below 0.5 | `0.1` |" in page
    assert "| `gates` | see `metrics.gates[]` | needed |" in page
    assert "## `data.source`" in page


def test_the_script_writes_the_page(tmp_path: Path) -> None:
    main(["--output", str(tmp_path / "recipes.md")])
    assert (tmp_path / "recipes.md").read_text(encoding="utf-8") == recipe_reference()
