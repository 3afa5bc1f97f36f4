from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import WrongUseError
from greenlight.target import Target
from local.home import Home


def test_a_laptops_clients_ignore_profiles_and_the_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\nendpoint_url = https://example.com\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.com")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    target = Target("greenlight", Home(tmp_path, 4848))
    assert target.s3.meta.endpoint_url == "http://127.0.0.1:4848"
    assert target.s3.meta.region_name == "us-east-1"
    credentials = target.session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "laptop"
    assert target.client_arguments["config"].proxies == {}


def test_every_client_has_timeouts(tmp_path: Path) -> None:
    for home in (Home(tmp_path, 4848), None):
        config = Target("greenlight", home).client_arguments["config"]
        assert 0 < config.connect_timeout <= 10
        assert 0 < config.read_timeout <= 60


def test_outputs_are_asked_for_once_until_a_deployment(target: Any) -> None:
    assert target.output("ArtifactBucket") == "bucket"
    target.cloudformation.deployed = False
    assert target.output("ArtifactBucket") == "bucket"
    target.forget_outputs()
    with pytest.raises(WrongUseError, match="no stack is named greenlight"):
        target.output("ArtifactBucket")


def test_an_output_of_a_half_deployed_stack_is_missed_by_name(target: Any) -> None:
    with pytest.raises(WrongUseError, match="has no output Other; deploy it"):
        target.output("Other")
