from __future__ import annotations

from pathlib import Path

import pytest

from serving.saved_model import NoSavedModelError, find_saved_model


def place(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    return folder


def test_the_newest_version_counts_by_number(tmp_path: Path) -> None:
    place(tmp_path / "9")
    newest = place(tmp_path / "10")
    assert find_saved_model(tmp_path) == newest


def test_a_model_may_lie_under_its_name(tmp_path: Path) -> None:
    named = place(tmp_path / "model" / "1")
    assert find_saved_model(tmp_path) == named


def test_a_model_that_is_not_under_a_number_is_not_found(tmp_path: Path) -> None:
    place(tmp_path / "export")
    with pytest.raises(NoSavedModelError, match=r"no SavedModel bundles found! .* holds \['export'\]"):
        find_saved_model(tmp_path)
