"""POST /runs: the request's body and key, and what the caller is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from lambdas.problems import read_json
from lambdas.start_run.start import Services, require_recipe, run_under_way, start
from steps.errors import RecipeInvalidError
from steps.problem import Problem
from steps.recipe_sections.base import RecipeName
from steps.start_run import Trigger, run_id_of

MAX_BODY_BYTES = 16 << 10
MAX_KEY_CHARACTERS = 255


class RunRequest(BaseModel):
    """Body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    recipe: RecipeName
    data_uri: Annotated[str, StringConstraints(pattern=r"^s3://[^/]+/.+$", max_length=1100)] | None = None
    force: bool = False


class RunStarted(BaseModel):
    """Answer to a request."""

    run_id: str
    detail: str


def read_request(body: str, headers: Mapping[str, str], *, bucket: str) -> tuple[RunRequest, str | None]:
    """A request's body and its idempotency key; raises Problem.

    headers: names in lower case
    """
    document = read_json(body, headers.get("content-type", ""), most_bytes=MAX_BODY_BYTES)
    try:
        request = RunRequest.model_validate(document)
    except ValidationError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, _what_is_wrong(error)) from error
    if request.data_uri is not None and not request.data_uri.startswith(f"s3://{bucket}/"):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"data_uri: jobs may read s3://{bucket}/ only; copy the file there."
        )
    key = headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        raise Problem(HTTPStatus.BAD_REQUEST, f"Idempotency-Key: send 1 to {MAX_KEY_CHARACTERS} characters.")
    return request, key


def trigger_of(request: RunRequest, key: str | None, *, caller: str, request_id: str, now: datetime) -> Trigger:
    """What a request asks for; without a key every request is another one."""
    return Trigger(
        recipe=request.recipe,
        requested_by=caller,
        identity=("key", key) if key is not None else ("request", request_id),
        moment=None if key is not None else now,
        waits=False,
        data_uri=request.data_uri,
        force=request.force,
    )


def answer(trigger: Trigger, services: Services, trigger_id: str) -> tuple[HTTPStatus, RunStarted]:
    """Start the run; raises Problem when there is no such recipe or another run of it is under way."""
    try:
        require_recipe(trigger.recipe, services)
    except RecipeInvalidError as error:
        words = str(error)
        raise Problem(HTTPStatus.NOT_FOUND, f"{words[0].upper()}{words[1:]}.") from error
    run_id = run_id_of(trigger)
    other = run_under_way(trigger.recipe, services)
    if other not in {None, run_id} and not services.starter.exists(run_id):
        raise Problem(
            HTTPStatus.CONFLICT, f"Run {other} of this recipe is under way; try again when it has ended.", run_id=other
        )
    run_id, said = start(trigger, services, trigger_id)
    if said == "started_already":
        return HTTPStatus.OK, RunStarted(run_id=run_id, detail="This run was started already, by an earlier request.")
    return HTTPStatus.ACCEPTED, RunStarted(run_id=run_id, detail="The run has started.")


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "the body"
    return f'{key}: {first["msg"]}. Send {{"recipe": "name"}}, and data_uri or force if you need them.'
