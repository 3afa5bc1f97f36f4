from __future__ import annotations

from pathlib import Path

import pytest

from steps.errors import RecipeInvalidError
from steps.exit_message import own_error_as_exit_message


def test_the_error_is_written_for_sagemaker_and_raised_on(tmp_path: Path) -> None:
    file = tmp_path / "ml" / "output" / "message"
    file.parent.parent.mkdir()
    with pytest.raises(RecipeInvalidError), own_error_as_exit_message(file):
        raise RecipeInvalidError("name: missing; add it" + "x" * 2000)
    assert file.read_text().startswith("RecipeInvalidError: name: missing; add it")
    assert file.stat().st_size == 1024


def test_without_a_container_and_without_an_error_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "ml" / "output" / "message"
    with own_error_as_exit_message(file):
        pass
    with pytest.raises(KeyError), own_error_as_exit_message(file):
        raise KeyError("x")
    assert not (tmp_path / "ml").exists()
