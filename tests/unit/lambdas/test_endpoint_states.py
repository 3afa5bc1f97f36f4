from __future__ import annotations

from datetime import datetime

import pytest

from lambdas.roll_back_endpoint.handler import RollBackEndpointInput, roll_back_endpoint
from lambdas.run_smoke_tests.handler import RunSmokeTestsInput, run_smoke_tests
from lambdas.update_endpoint.handler import UpdateEndpointInput, update_endpoint
from steps.contracts import LiveVersion, PrepareRunResult, RegisterModelResult, UpdateEndpointResult
from steps.errors import ArtifactChangedError, EndpointBusyError
from steps.evaluated_rows import EvaluatedRow, EvaluatedRows
from steps.evaluation_report import MetricsReport
from steps.ports import ArtifactStore, Endpoint, EndpointService, Predictor

NAME = "greenlight-reviews"


@pytest.fixture
def request_(
    plan: PrepareRunResult, registered: RegisterModelResult, objects: dict[str, bytes], live: LiveVersion
) -> UpdateEndpointInput:
    objects[registered.model_data_uri] = b"archive"
    champion = plan.model_copy(update={"champion": live})
    return UpdateEndpointInput(run_id=plan.run_id, plan=champion, register_model=registered)


def test_the_first_release_creates_the_endpoint(
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    endpoint_tags: dict[str, dict[str, str]],
    now: datetime,
) -> None:
    result = update_endpoint(request_, artifacts, endpoints, now=now)
    assert (result.action, result.previous_endpoint_config_name) == ("created", None)
    assert endpoint_tags[NAME] == {
        "greenlight:stack": "greenlight",
        "greenlight:recipe": "reviews",
        "greenlight:run": request_.run_id,
    }


def test_a_later_release_updates_it_and_remembers_what_was_served(
    *,
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    endpoint_states: dict[str, Endpoint],
    endpoint_calls: list[tuple[str, ...]],
    endpoint_tags: dict[str, dict[str, str]],
    now: datetime,
) -> None:
    endpoint_tags[NAME] = {"team": "films", "greenlight:run": "old"}
    endpoint_states[NAME] = Endpoint("InService", "greenlight-old")
    first = update_endpoint(request_, artifacts, endpoints, now=now)
    assert (first.action, first.previous_endpoint_config_name) == ("updated", "greenlight-old")
    # A retry after the call went through asks for nothing more and knows the same.
    assert update_endpoint(request_, artifacts, endpoints, now=now) == first
    assert endpoint_calls == [("update", NAME, first.endpoint_config_name)]
    assert endpoint_tags[NAME]["greenlight:run"] == request_.run_id, "its hours are this run's from now on"
    assert endpoint_tags[NAME]["team"] == "films"


def test_a_run_planned_before_there_were_tags_still_updates(
    *,
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    endpoint_states: dict[str, Endpoint],
    endpoint_tags: dict[str, dict[str, str]],
    now: datetime,
) -> None:
    endpoint_states[NAME] = Endpoint("InService", "greenlight-old")
    document = request_.model_dump(mode="json")
    del document["plan"]["endpoint"]["tags"]
    result = update_endpoint(UpdateEndpointInput.model_validate(document), artifacts, endpoints, now=now)
    assert (result.action, endpoint_tags) == ("updated", {})


def test_an_archive_that_changed_since_the_approval_is_never_deployed(
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    endpoint_calls: list[tuple[str, ...]],
    now: datetime,
) -> None:
    artifacts.write(request_.register_model.model_data_uri, b"something else")
    with pytest.raises(ArtifactChangedError):
        update_endpoint(request_, artifacts, endpoints, now=now)
    assert endpoint_calls == []


def test_a_failed_endpoint_is_deleted_and_then_created_anew(
    request_: UpdateEndpointInput,
    artifacts: ArtifactStore,
    endpoints: EndpointService,
    endpoint_states: dict[str, Endpoint],
    now: datetime,
) -> None:
    endpoint_states[NAME] = Endpoint("Failed", "greenlight-old")
    with pytest.raises(EndpointBusyError):
        update_endpoint(request_, artifacts, endpoints, now=now)
    assert update_endpoint(request_, artifacts, endpoints, now=now).action == "created"


@pytest.mark.parametrize(
    ("previous", "action", "calls"),
    [
        ("greenlight-old", "restored", [("update", NAME, "greenlight-old")]),
        (None, "deleted", [("delete", NAME)]),
        ("greenlight-new", "unchanged", []),
    ],
)
def test_the_way_back_leads_to_what_was_before(
    *,
    plan: PrepareRunResult,
    endpoints: EndpointService,
    endpoint_states: dict[str, Endpoint],
    endpoint_calls: list[tuple[str, ...]],
    endpoint_tags: dict[str, dict[str, str]],
    live: LiveVersion,
    now: datetime,
    previous: str | None,
    action: str,
    calls: list[tuple[str, ...]],
) -> None:
    endpoint_states[NAME] = Endpoint("InService", "greenlight-new")
    updated = UpdateEndpointResult(
        action="updated",
        endpoint_name=NAME,
        endpoint_config_name="greenlight-new",
        previous_endpoint_config_name=previous,
        requested_at=now,
    )
    champion = plan.model_copy(update={"champion": live})
    request = RollBackEndpointInput(run_id=plan.run_id, plan=champion, update_endpoint=updated)
    result = roll_back_endpoint(request, endpoints, now=now)
    assert (result.action, result.endpoint_config_name) == (action, previous)
    assert endpoint_calls == calls
    assert endpoint_tags.get(NAME, {}).get("greenlight:run") == (live.run_id if previous else None)


def test_a_failed_update_is_undone_by_deleting_and_creating_anew(
    plan: PrepareRunResult, endpoints: EndpointService, endpoint_states: dict[str, Endpoint], now: datetime
) -> None:
    endpoint_states[NAME] = Endpoint("Failed", "greenlight-new")
    updated = UpdateEndpointResult(
        action="updated",
        endpoint_name=NAME,
        endpoint_config_name="greenlight-new",
        previous_endpoint_config_name="greenlight-old",
        requested_at=now,
    )
    request = RollBackEndpointInput(run_id=plan.run_id, plan=plan, update_endpoint=updated)
    with pytest.raises(EndpointBusyError):
        roll_back_endpoint(request, endpoints, now=now)
    assert roll_back_endpoint(request, endpoints, now=now).action == "restored"
    assert endpoint_states[NAME] == Endpoint("InService", "greenlight-old")


@pytest.fixture
def smoke(
    plan: PrepareRunResult,
    objects: dict[str, bytes],
    recipe_text: str,
    measured: MetricsReport,  # noqa: ARG001 - it lies in the store
) -> RunSmokeTestsInput:
    objects[plan.recipe_uri] = recipe_text.encode()
    evaluated = EvaluatedRows(rows=[EvaluatedRow(row="Middling.", values=[0.4, 0.6])])
    assert plan.evaluate_model is not None
    objects[f"{plan.evaluate_model.output_uri}/evaluated_rows.json"] = evaluated.model_dump_json().encode()
    return RunSmokeTestsInput(run_id=plan.run_id, plan=plan)


def test_an_endpoint_that_answers_rightly_passes(
    smoke: RunSmokeTestsInput, artifacts: ArtifactStore, model: Predictor, replies: dict[str, list[float]]
) -> None:
    # A quarter is enough to be answered positive: the evaluation chose that threshold.
    replies |= {"Wonderful.": [0.75, 0.25], "Dreadful.": [0.8, 0.2], "Middling.": [0.4001, 0.5999]}
    result = run_smoke_tests(smoke, artifacts, model, lambda: 0.0)
    assert result.verdict == "passed"
    assert result.reason.endswith("1 held-back rows were answered as by the evaluated model.")


def test_an_endpoint_that_serves_another_model_than_the_evaluated_one_fails(
    smoke: RunSmokeTestsInput, artifacts: ArtifactStore, model: Predictor, replies: dict[str, list[float]]
) -> None:
    replies |= {"Wonderful.": [0.1, 0.9], "Dreadful.": [0.8, 0.2], "Middling.": [0.3, 0.7]}
    result = run_smoke_tests(smoke, artifacts, model, lambda: 0.0)
    assert result.verdict == "failed"
    assert result.reason == (
        "Held-back row 1 was answered 0.4, 0.6 by the evaluated model, but 0.3, 0.7 by the endpoint."
    )


def test_an_endpoint_that_does_not_answer_fails_and_is_no_fault(
    smoke: RunSmokeTestsInput, artifacts: ArtifactStore, model: Predictor
) -> None:
    result = run_smoke_tests(smoke, artifacts, model, lambda: 0.0)
    assert result.verdict == "failed"
    assert "answered ModelError" in result.reason
