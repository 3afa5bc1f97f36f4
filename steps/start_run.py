"""StartRun: what may start a run, the name that makes a start happen once, and what waits for its turn.

A trigger that is delivered twice asks for the same name, and Step Functions gives a name to one execution only.
Two different triggers at once give two executions, of which the recipe's lock lets one go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from steps.contracts import RunInput
from steps.names import digest_of

INCOMING = "incoming/"

_DIGEST_CHARACTERS = 8
# Without a moment in the name the digest alone keeps two names apart.
_LONG_DIGEST_CHARACTERS = 16

Answer = Literal["started", "started_already"]


@dataclass(frozen=True)
class Trigger:
    """Something that asks for a run of a recipe.

    identity: equal for two deliveries of the same thing, different for two different things
    moment: when it happened, equal for two deliveries too; None when only the identity is
    requested_by: words for people and records
    waits: whether it may start later when another run is under way, as nobody reads an answer
    """

    recipe: str
    requested_by: str
    identity: tuple[str, ...]
    moment: datetime | None
    waits: bool
    data_uri: str | None = None
    force: bool = False


@dataclass(frozen=True)
class WaitingRun:
    """The one run of a recipe that starts when the run under way has ended."""

    run_id: str
    requested_by: str


@dataclass(frozen=True)
class EndedRun:
    """An execution that has ended.

    was_busy: whether it ended because another run of the recipe was under way
    """

    run_id: str
    input: RunInput
    was_busy: bool
    ended_at: datetime


def run_id_of(trigger: Trigger) -> str:
    """`<recipe>-<YYYYMMDD-HHMMSS>-<digest>`, or `<recipe>-<digest>`: at most 55 letters, digits and hyphens."""
    digest = digest_of(trigger.recipe, *trigger.identity)
    if trigger.moment is None:
        return f"{trigger.recipe}-{digest[:_LONG_DIGEST_CHARACTERS]}"
    return f"{trigger.recipe}-{trigger.moment.astimezone(UTC):%Y%m%d-%H%M%S}-{digest[:_DIGEST_CHARACTERS]}"


def run_input_of(trigger: Trigger, trigger_id: str) -> RunInput:
    """Input of the execution.

    trigger_id: the request that delivers the trigger. Step Functions takes the same name with the same input for the
    same call while the execution is open; this makes two deliveries differ, so that the second one is told.
    """
    return RunInput(
        recipe=trigger.recipe,
        data_uri=trigger.data_uri,
        force=trigger.force,
        requested_by=trigger.requested_by,
        trigger_id=trigger_id,
        waits=trigger.waits,
    )


def recipe_of_key(key: str) -> str | None:
    """The recipe that an object directly under `incoming/<recipe>/` is data for; None for any other object."""
    parts = key.removeprefix(INCOMING).split("/")
    if not key.startswith(INCOMING) or len(parts) != 2 or not all(parts):  # noqa: PLR2004 - a folder and a name
        return None
    return parts[0]


def turn_of(ended: EndedRun) -> WaitingRun | None:
    """What an ended run leaves to be started later: itself, if it was started by an event and met another run."""
    if not (ended.was_busy and ended.input.waits):
        return None
    later = Trigger(
        recipe=ended.input.recipe,
        requested_by=ended.input.requested_by,
        identity=("again", ended.run_id),
        moment=ended.ended_at,
        waits=True,
    )
    return WaitingRun(run_id_of(later), later.requested_by)


def waiting_input(recipe: str, waiting: WaitingRun, trigger_id: str) -> RunInput:
    """Input of a run whose turn has come. It takes the newest data there is, so an older upload never wins."""
    return RunInput(recipe=recipe, requested_by=waiting.requested_by, trigger_id=trigger_id, waits=True)
