from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from greenlight.errors import FaultError, WrongUseError
from greenlight.live import live_and_before, swapped
from greenlight.rollback import DEADLINE_SECONDS, move_endpoint
from steps.contracts import LiveVersion


def _version(number: int, previous: LiveVersion | None = None) -> LiveVersion:
    return LiveVersion(
        model_version=str(number),
        model_package_arn=f"arn:aws:sagemaker:us-east-1:123456789012:model-package/g/{number}",
        model_data_uri=f"s3://bucket/{number}/model.tar.gz",
        model_digest=f"{number}" * 64,
        endpoint_name="greenlight-r",
        endpoint_config_name=f"config-{number}",
        class_names=["no", "yes"],
        run_id=f"run-{number}",
        released_at=datetime(2026, 3, number, tzinfo=UTC),
        data_digest="d",
        recipe_digest="r",
        code_digest="c",
        metrics={"accuracy": 0.7},
        previous=previous.model_dump(mode="json") if previous else None,
    )


class FakeSageMaker:
    """One endpoint that needs a few looks to move."""

    def __init__(self, config: str = "config-2", status: str = "InService", looks: int = 2) -> None:
        self.config, self.status, self.looks = config, status, looks
        self.pending: str | None = None
        self.updates: list[str] = []
        self.tags: dict[str, dict[str, str]] = {}

    def describe_endpoint_config(self, **_arguments: Any) -> dict[str, Any]:
        return {}

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str) -> dict[str, str]:  # noqa: N803
        self.updates.append(EndpointConfigName)
        self.pending, self.status = EndpointConfigName, "Updating"
        return {"EndpointArn": f"arn:{EndpointName}"}

    def add_tags(self, *, ResourceArn: str, Tags: list[dict[str, str]]) -> None:  # noqa: N803
        self.tags[ResourceArn] = {each["Key"]: each["Value"] for each in Tags}

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803, ARG002
        if self.pending:
            self.looks -= 1
            if self.looks < 0:
                self.config, self.pending, self.status = self.pending, None, "InService"
        return {"EndpointStatus": self.status, "EndpointConfigName": self.config}


def _move(sagemaker: Any, clock: list[float] | None = None) -> list[str]:
    notes: list[str] = []
    ticks = iter(clock or [0.0] * 100)
    move_endpoint(
        sagemaker, _version(1), poll_seconds=0, note=notes.append, sleep=lambda _s: None, clock=lambda: next(ticks)
    )
    return notes


def test_the_endpoint_is_moved_and_awaited_until_it_serves_the_version_before() -> None:
    sagemaker = FakeSageMaker()
    assert _move(sagemaker) == ["greenlight-r is moving to version 1"] * 2
    assert (sagemaker.updates, sagemaker.config) == (["config-1"], "config-1")
    assert sagemaker.tags == {"arn:greenlight-r": {"greenlight:run": "run-1"}}, "its hours are that run's again"


def test_an_endpoint_that_serves_it_already_is_left_alone() -> None:
    sagemaker = FakeSageMaker(config="config-1")
    assert _move(sagemaker) == []
    assert sagemaker.updates == []


def test_an_endpoint_that_failed_needs_a_release() -> None:
    with pytest.raises(FaultError, match="is Failed"):
        _move(FakeSageMaker(status="Failed"))


def test_an_endpoint_that_does_not_come_is_given_up() -> None:
    with pytest.raises(FaultError, match="did not come into service"):
        _move(FakeSageMaker(looks=99), clock=[0.0, DEADLINE_SECONDS + 1.0])


def test_the_first_version_has_none_before_it() -> None:
    with pytest.raises(WrongUseError, match="nothing of r is live"):
        live_and_before("r", None)
    with pytest.raises(WrongUseError, match="version 1 of r is the first one"):
        live_and_before("r", _version(1))


def test_a_rollback_can_be_undone_by_another() -> None:
    first = _version(1)
    second = _version(2, previous=first)
    live, before = live_and_before("r", second)
    back = swapped(live, before)
    assert (back.model_version, live_and_before("r", back)[1].model_version) == ("1", "2")
    assert swapped(*live_and_before("r", back)) == second
