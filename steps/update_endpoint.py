"""UpdateEndpoint and RollBackEndpoint: what to ask of an endpoint, given what it is now.

An endpoint is changed by one call, which may be repeated after it worked; the decision therefore also knows
the change that an earlier attempt of the same run has begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steps.errors import EndpointBusyError, EndpointUpdateError
from steps.ports import Endpoint

_CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_CHANGEABLE = frozenset({"InService", "OutOfService"})

Action = Literal["create", "update", "delete", "nothing"]


@dataclass(frozen=True)
class Change:
    """One call to make, and the configuration that served before the run, None when there was none."""

    action: Action
    previous_config_name: str | None


def decide_update(current: Endpoint | None, *, wanted: str, live_config_name: str | None) -> Change:
    """How to get an endpoint to serve the configuration `wanted`.

    live_config_name: what the last release recorded, for the case that an attempt before has already moved on.
    Raises EndpointBusyError while something else is changing it, EndpointUpdateError when only a person can help.
    """
    if current is None:
        return Change("create", None)
    if current.config_name == wanted and current.status in {"Creating", "InService"}:
        # A first endpoint has nothing before it; an updated one had what was live.
        return Change("nothing", None if current.status == "Creating" else live_config_name)
    if current.pending_config_name == wanted and current.status == "Updating":
        return Change("nothing", current.config_name)
    if current.status == "Failed":
        # All that SageMaker allows here; the next attempt finds none and creates it.
        return Change("delete", None)
    _must_be_changeable(current)
    return Change("update", current.config_name)


def decide_roll_back(current: Endpoint | None, *, previous: str | None) -> Action:
    """How to get an endpoint back to the configuration `previous`, or to be gone when that is None.

    Raises EndpointBusyError while something is changing it, EndpointUpdateError when only a person can help.
    """
    if current is None:
        return "nothing" if previous is None else "create"
    if previous is not None and current.config_name == previous and current.status == "InService":
        return "nothing"
    if previous is not None and current.pending_config_name == previous and current.status == "Updating":
        return "nothing"
    if current.status == "Failed":
        return "delete"
    if previous is None and current.status == "Deleting":
        return "nothing"
    _must_be_changeable(current)
    return "delete" if previous is None else "update"


def _must_be_changeable(current: Endpoint) -> None:
    if current.status in _CHANGING:
        raise EndpointBusyError(f"the endpoint is {current.status}; it can be changed when that has ended")
    if current.status not in _CHANGEABLE:
        raise EndpointUpdateError(
            f"the endpoint is {current.status} ({current.failure_reason or 'no reason given'}), from which it can be "
            "neither created nor updated; look at it in the SageMaker console, delete it, and start the run again"
        )
