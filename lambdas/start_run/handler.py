"""StartRun: POST /runs, and the events that start runs."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.dynamodb_releases import release_records
from lambdas.adapters.dynamodb_waiting import waiting_runs
from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.stepfunctions import run_starter, workflow
from lambdas.observed import api_handler, logger
from lambdas.problems import decoded_body, problem_response
from lambdas.settings import Settings
from lambdas.start_run.events import EndEvent, ended_run, read_event, trigger_of
from lambdas.start_run.requests import answer, read_request
from lambdas.start_run.requests import trigger_of as requested
from lambdas.start_run.start import Services, require_recipe, start, start_next
from steps.errors import ReleaseError
from steps.problem import Problem

app = APIGatewayHttpResolver()


class StartRunSettings(Settings):
    """Environment of StartRun; the state machine's ARN is that of the alias."""

    artifact_bucket: str
    release_table: str
    code_uri: str
    stack_name: str
    state_machine_arn: str


@cache
def settings() -> StartRunSettings:
    """The function's environment, read at the first call."""
    return StartRunSettings.from_environment()


def services() -> Services:
    """What starting a run asks, on AWS."""
    environment = settings()
    return Services(
        artifacts=artifact_store(),
        records=release_records(environment.release_table),
        waiting=waiting_runs(environment.release_table),
        executions=workflow(),
        starter=run_starter(environment.state_machine_arn),
        code_uri=environment.code_uri,
    )


@app.post("/runs")
def take_request() -> Response[str]:
    """Start a run for a caller, who waits for the answer."""
    event, request_id = app.current_event, app.lambda_context.aws_request_id
    headers = {name.lower(): value for name, value in event.headers.items()}
    request, key = read_request(decoded_body(event), headers, bucket=settings().artifact_bucket)
    # The API lets nobody in who has not signed.
    caller = event["requestContext"]["authorizer"]["iam"]["userArn"]
    trigger = requested(request, key, caller=caller, request_id=request_id, now=datetime.now(UTC))
    status, started = answer(trigger, services(), request_id)
    logger.info("run asked for", run_id=started.run_id, recipe=trigger.recipe, status=status.value)
    return Response(status_code=status, content_type="application/json", body=started.model_dump_json())


@app.not_found
def not_found(_error: Exception) -> Response[str]:
    """Any other address."""
    return problem_response(Problem(HTTPStatus.NOT_FOUND, "There is POST /runs."))


def out_of_order(error: ReleaseError) -> Response[str]:
    """A service behind the API did not answer."""
    logger.error("runs cannot be started", reason=str(error))
    return problem_response(
        Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Please try again in a minute, with the same Idempotency-Key.")
    )


app.exception_handler(Problem)(problem_response)
app.exception_handler(ReleaseError)(out_of_order)


def take_event(event: dict[str, Any], request_id: str) -> None:
    """Start a run for an event. Nobody reads an answer: a fault is raised, and Lambda keeps the event."""
    parsed = read_event(event)
    if isinstance(parsed, EndEvent):
        ended = ended_run(parsed)
        run_id = start_next(ended, services(), request_id) if ended else None
        logger.info("run ended", ended_run_id=parsed.detail.name, run_id=run_id)
        return
    trigger = trigger_of(parsed, settings().stack_name)
    if trigger is None:
        logger.info("event starts nothing", event_source=parsed.source)
        return
    require_recipe(trigger.recipe, services())
    run_id, said = start(trigger, services(), request_id)
    logger.info("run asked for", run_id=run_id, recipe=trigger.recipe, requested_by=trigger.requested_by, status=said)


@api_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """An HTTP API's event (payload format 2.0), a schedule's input, or an event of EventBridge."""
    if "requestContext" in event:
        return app.resolve(event, context)
    take_event(event, context.aws_request_id)
    return None
