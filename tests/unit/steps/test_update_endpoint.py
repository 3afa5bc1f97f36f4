from __future__ import annotations

import pytest

from steps.errors import EndpointBusyError, EndpointUpdateError
from steps.ports import Endpoint
from steps.update_endpoint import Change, decide_roll_back, decide_update


def test_without_an_endpoint_one_is_created() -> None:
    assert decide_update(None, wanted="new", live_config_name=None) == Change("create", None)


def test_an_endpoint_in_service_is_updated_and_its_configuration_remembered() -> None:
    assert decide_update(Endpoint("InService", "old"), wanted="new", live_config_name="old") == Change("update", "old")


@pytest.mark.parametrize(
    ("current", "previous"),
    [
        (Endpoint("Creating", "new"), None),
        (Endpoint("InService", "new"), "old"),
        (Endpoint("Updating", "old", pending_config_name="new"), "old"),
    ],
)
def test_a_second_attempt_asks_for_nothing_and_still_knows_what_was_before(
    current: Endpoint, previous: str | None
) -> None:
    assert decide_update(current, wanted="new", live_config_name="old") == Change("nothing", previous)


def test_a_failed_endpoint_is_deleted_first() -> None:
    assert decide_update(Endpoint("Failed", "old"), wanted="new", live_config_name=None) == Change("delete", None)


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"])
def test_an_endpoint_that_something_else_changes_is_waited_for(status: str) -> None:
    with pytest.raises(EndpointBusyError, match=status):
        decide_update(Endpoint(status, "other"), wanted="new", live_config_name=None)


def test_an_endpoint_that_serves_a_mix_needs_a_person() -> None:
    with pytest.raises(EndpointUpdateError, match="UpdateRollbackFailed"):
        decide_update(Endpoint("UpdateRollbackFailed", "old"), wanted="new", live_config_name=None)


@pytest.mark.parametrize(
    ("current", "previous", "action"),
    [
        (Endpoint("InService", "new"), "old", "update"),
        (Endpoint("InService", "new"), None, "delete"),
        (Endpoint("InService", "old"), "old", "nothing"),
        (Endpoint("Updating", "new", pending_config_name="old"), "old", "nothing"),
        (Endpoint("Failed", "new"), "old", "delete"),
        (Endpoint("Failed", "new"), None, "delete"),
        (Endpoint("Deleting", "new"), None, "nothing"),
        (None, "old", "create"),
        (None, None, "nothing"),
    ],
)
def test_the_way_back_leads_to_the_configuration_before_or_to_none(
    current: Endpoint | None, previous: str | None, action: str
) -> None:
    assert decide_roll_back(current, previous=previous) == action


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_the_way_back_waits_for_a_change_under_way(status: str) -> None:
    with pytest.raises(EndpointBusyError):
        decide_roll_back(Endpoint(status, "new"), previous=None)
