from __future__ import annotations

from pathlib import Path

import pytest

from greenlight.errors import WrongUseError
from greenlight.samconfig import parameter_overrides


@pytest.mark.parametrize(
    "given", ['["Sender=a@example.com", "Note=one two", "Days=3"]', '"Sender=a@example.com Note=\\"one two\\" Days=3"']
)
def test_overrides_are_read_in_both_forms(tmp_path: Path, given: str) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text(f"version = 0.1\n[local.deploy.parameters]\nparameter_overrides = {given}\n")
    assert parameter_overrides(file, "local") == {"Sender": "a@example.com", "Note": "one two", "Days": "3"}
    assert parameter_overrides(file, "default") == {}


def test_a_value_may_hold_an_equals_sign(tmp_path: Path) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text('[local.deploy.parameters]\nparameter_overrides = ["Query=a=b"]\n')
    assert parameter_overrides(file, "local") == {"Query": "a=b"}


@pytest.mark.parametrize("text", ["[local", '[local.deploy.parameters]\nparameter_overrides = ["Sender"]'])
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text(text)
    with pytest.raises(WrongUseError, match=r"samconfig\.toml"):
        parameter_overrides(file, "local")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="cannot be read"):
        parameter_overrides(tmp_path / "samconfig.toml", "local")
