from __future__ import annotations

from pathlib import Path

import pytest

from serving.model import NoModelError, load_model


def test_an_archive_without_a_model_names_what_it_must_hold(tmp_path: Path) -> None:
    (tmp_path / "booster.ubj").touch()
    with pytest.raises(NoModelError, match=r"neither <number>/saved_model.pb nor transformer.skops and booster.ubj"):
        load_model(tmp_path)
