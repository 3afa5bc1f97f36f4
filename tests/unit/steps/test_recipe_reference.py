from __future__ import annotations

from pathlib import Path

import pytest

from steps.recipe_reference import HEADING, main, with_reference

PAGE = Path(__file__).parents[3] / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def page() -> str:
    return with_reference(f"# Recipes\n\nBy hand.\n\n{HEADING}old")


def test_the_page_in_docs_is_what_the_recipe_model_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_reference(page)


def test_what_is_written_by_hand_stays_and_the_rest_is_replaced(page: str) -> None:
    assert page.startswith("# Recipes\n\nBy hand.\n\n## Every key\n")
    assert "old" not in page.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "| `min_rows` | whole number, at least 10 | `200`, error | Rows with an input and a known answer. |",
        "| `max_vocabulary_words` | whole number, at least 1, at most 10000000 | `2000000`, warn | Different words",
        "| `gates` | see `metrics.gates[]` | needed |",
        "| `numeric` | list, at most 500: text, at most 100 characters | `[]` |",
        "| `labels` | keys, at most 100: text, at most 100 characters |",
        "| `where` | keys: text |",
        "| `row` | keys, at most 1000: text or number |",
        "| `max_run_usd` | number, above 0 |",
        "| `approvers` | list, at least 1, at most 20: text, at most 254 characters, must be one e-mail address",
        '| `instance_type` | text, must begin with ml., such as ml.m5.large | `"ml.m5.xlarge"` |',
    ],
)
def test_a_key_is_told_with_its_kind_limits_and_default(page: str, line: str) -> None:
    assert line in page


def test_each_of_several_kinds_of_section_is_told(page: str) -> None:
    assert "| `source` | see `data.source (package)` or `data.source (kaggle)` |" in page
    assert "### `data.source (kaggle)`\n\nRows of a Kaggle competition" in page
    assert "| `competition` |" in page


def test_a_section_for_each_name_is_told(page: str) -> None:
    assert "| `ranges` | see `tuning.ranges.<name>` | needed |" in page
    assert "### `tuning.ranges.<name>`\n\nWhat values of one hyperparameter a search tries" in page


def test_every_field_of_the_model_is_told_with_its_meaning(page: str) -> None:
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert all(line.split(" | ")[-1].strip(" |") for line in rows)


def test_the_script_writes_the_page(tmp_path: Path) -> None:
    file = tmp_path / "recipes.md"
    file.write_text(f"Mine.\n{HEADING}", encoding="utf-8")
    main(["--output", str(file)])
    assert file.read_text(encoding="utf-8") == with_reference(f"Mine.\n{HEADING}")


def test_a_page_without_a_place_for_the_reference_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Other\n")
    with pytest.raises(ValueError, match="has no line '## Every key'"):
        main(["--output", str(tmp_path / "other.md")])
    assert (tmp_path / "other.md").read_text() == "# Other\n"
