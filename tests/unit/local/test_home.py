from __future__ import annotations

from pathlib import Path

import pytest

from local.home import Home


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GREENLIGHT_HOME", "GREENLIGHT_PORT", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_the_home_is_a_folder_of_the_project_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Home.from_environment(tmp_path) == Home(tmp_path / ".greenlight", 4747)
    monkeypatch.setenv("GREENLIGHT_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GREENLIGHT_PORT", "4848")
    assert Home.from_environment(tmp_path) == Home(tmp_path / "elsewhere", 4848)


@pytest.mark.parametrize("port", ["", "http", "80", "65536", "-1", "4747.0"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("GREENLIGHT_PORT", port)
    with pytest.raises(ValueError, match=f"GREENLIGHT_PORT is '{port}'"):
        Home.from_environment(tmp_path)


def test_clients_are_pointed_at_the_laptop_and_past_any_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com,localhost")
    variables = Home(tmp_path, 4747).client_environment()
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4747"
    assert variables["NO_PROXY"] == "example.com,localhost,127.0.0.1"


def test_a_child_writes_nothing_outside_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    variables = Home(tmp_path, 4747).child_environment()
    assert "AWS_PROFILE" not in variables
    for name in ("HOME", "TMPDIR", "KERAS_HOME"):
        assert Path(variables[name]).is_relative_to(tmp_path)
