"""Candidate and live version side by side: over the HTTP events of a browser, and how all of it is taken away again."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.decide_approval import handler as question
from lambdas.request_approval.handler import RequestApprovalInput, request_approval
from lambdas.sweep_trials.handler import Sweeper
from lambdas.try_models import handler as page
from lambdas.try_models.try_models import Services
from steps.approval import ApprovalRequest, Secret
from steps.contracts import CheckMetricsResult, LiveVersion, PrepareRunResult, RegisterModelResult
from steps.errors import EndpointBusyError, ServiceUnavailableError
from steps.ports import (
    ApprovalRecords,
    ArtifactStore,
    Endpoint,
    EndpointService,
    Mailer,
    Predictor,
    ReleaseRecords,
    Workflow,
)
from steps.trial import INSTANCE_SECONDS, MAX_QUESTIONS, MAX_STARTS, START_SECONDS, TrialOffer, TrialRecord
from steps.trial_ports import TrialHosting, TrialRecords

pytestmark = pytest.mark.usefixtures("measured")

Respond = dict[str, Any]
Open = Callable[..., ApprovalRequest]
TOKEN = "token-of-ann"
NAME = "greenlight-reviews-20260302-090000-ab12--trial"


class Context(LambdaContext):
    _function_name = "try-models"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:try-models"
    _aws_request_id = "request"


@pytest.fixture
def open_request(
    *,
    plan: PrepareRunResult,
    checked: CheckMetricsResult,
    registered: RegisterModelResult,
    live: LiveVersion,
    objects: dict[str, bytes],
    recipe_text: str,
    artifacts: ArtifactStore,
    approvals: ApprovalRecords,
    mail: Mailer,
    records: ReleaseRecords,
    running: set[str],
) -> Open:
    """Opens the question about version 2, with version 1 live."""

    def open_(approval: str = "", **changes: Any) -> ApprovalRequest:
        text = recipe_text.replace("  deadline_seconds", f"{approval}  deadline_seconds")
        objects[plan.recipe_uri] = text.encode()
        records.set_live("reviews", live)
        running.add("arn")
        return request_approval(
            RequestApprovalInput(
                run_id=plan.run_id,
                task_token="task",
                execution_arn="arn",
                plan=plan.model_copy(update={"champion": live, **changes}),
                check_metrics=checked,
                register_model=registered,
            ),
            "https://api.example.com/approvals",
            artifacts=artifacts,
            approvals=approvals,
            mail=mail,
            now=datetime.now(UTC),
            approval_id="a1",
            draw=lambda address: Secret(address, TOKEN, "123456"),
        )

    return open_


@pytest.fixture(autouse=True)
def pages_on_fakes(
    *,
    monkeypatch: pytest.MonkeyPatch,
    approvals: ApprovalRecords,
    artifacts: ArtifactStore,
    records: ReleaseRecords,
    trial_records: TrialRecords,
    trial_hosting: TrialHosting,
    endpoints: EndpointService,
    model: Predictor,
    executions: Workflow,
) -> None:
    """The composition places of both pages, with fakes in them."""
    monkeypatch.setenv("RELEASE_TABLE", "table")
    monkeypatch.setenv("JOB_ROLE_ARN", "arn:aws:iam::123456789012:role/jobs")
    for module in (page, question):
        module.settings.cache_clear()
        monkeypatch.setattr(module, "approval_records", lambda _table: approvals)
        monkeypatch.setattr(module, "artifact_store", lambda: artifacts)
    monkeypatch.setattr(question, "workflow", lambda: executions)
    services = Services(artifacts, records, trial_records, endpoints, trial_hosting, model)
    monkeypatch.setattr(page, "services", lambda: services)


@pytest.fixture
def sweeper(
    trial_records: TrialRecords,
    approvals: ApprovalRecords,
    executions: Workflow,
    endpoints: EndpointService,
    trial_hosting: TrialHosting,
) -> Sweeper:
    return Sweeper(trial_records, approvals, executions, endpoints, trial_hosting)


def call(handler: Callable[..., Any], method: str, path: str, body: str | None = None, **headers: str) -> Respond:
    sent = {"content-type": "application/x-www-form-urlencoded", **{k.replace("_", "-"): v for k, v in headers.items()}}
    event = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": f"token={TOKEN}",
        "queryStringParameters": {"token": TOKEN},
        "headers": sent,
        "requestContext": {
            "domainName": "api.example.com",
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        "body": base64.b64encode(body.encode()).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }
    response: Respond = handler(event, Context())
    return response


def ask(fields: dict[str, str], **headers: str) -> Respond:
    return call(page.handler, "POST", "/approvals/a1/trial", urlencode({"token": TOKEN, **fields}), **headers)


def words(response: Respond) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response["body"].partition("<main>")[2])).split())


def serve(states: dict[str, Endpoint], status: str = "InService") -> None:
    states[NAME] = Endpoint(status, NAME)


def test_the_question_has_a_box_with_the_recipes_examples(open_request: Open) -> None:
    open_request()
    response = call(question.handler, "GET", "/approvals/a1")
    assert 'action="./a1/trial"' in response["body"]
    assert "Ask both models" in words(response)
    assert 'name="example" value="0" formnovalidate>Wonderful.</button>' in response["body"]


def test_a_recipe_that_wants_none_has_no_box_and_no_trial(open_request: Open, objects: dict[str, bytes]) -> None:
    assert open_request("  trial: none\n").trial_uri is None
    assert not [uri for uri in objects if uri.endswith("trial.json")]
    assert "/trial" not in call(question.handler, "GET", "/approvals/a1")["body"]
    for response in (call(page.handler, "GET", "/approvals/a1/trial"), ask({"text": "Wonderful."})):
        assert response["statusCode"] == 404
        assert "This version's recipe offers no trial." in words(response)


def test_a_question_whose_trial_cannot_be_read_can_still_be_decided(
    open_request: Open, objects: dict[str, bytes]
) -> None:
    uri = open_request().trial_uri
    assert uri is not None
    del objects[uri]
    response = call(question.handler, "GET", "/approvals/a1")
    assert response["statusCode"] == 200
    assert "Your decision" in words(response)
    assert "Ask both models" not in words(response)


def test_the_first_question_starts_the_candidate_and_the_next_asks_it(
    *,
    open_request: Open,
    endpoint_calls: list[tuple[str, ...]],
    endpoint_tags: dict[str, dict[str, str]],
    prepared_trials: dict[str, TrialOffer],
    trials_kept: dict[str, TrialRecord],
    replies: dict[str, list[float]],
    registered: RegisterModelResult,
    plan: PrepareRunResult,
) -> None:
    open_request()
    replies["Wonderful."] = [0.6, 0.4]
    first = ask({"text": "Wonderful."})
    assert first["statusCode"] == 200
    assert "New version (2) It is being started" in words(first)
    assert "Live version (1) negative" in words(first)
    assert endpoint_calls == [("create", NAME, NAME)]
    assert plan.endpoint is not None
    assert endpoint_tags[NAME] == plan.endpoint.tags
    [container] = prepared_trials[NAME].containers
    assert container["ModelDataUrl"] == registered.model_data_uri

    # The candidate answers by the threshold that its evaluation chose, 0.25; the live one by the default.
    second = ask({"text": "Wonderful."})
    assert "They answer differently." in words(second)
    assert "New version (2) positive negative 60.0 % positive 40.0 %" in words(second)
    assert "Live version (1) negative negative 60.0 % positive 40.0 %" in words(second)
    assert endpoint_calls == [("create", NAME, NAME)]
    assert (trials_kept["a1"].questions, trials_kept["a1"].starts) == (2, 1)


def test_what_was_asked_stays_in_the_form_and_an_example_is_asked_by_its_button(
    open_request: Open, endpoint_states: dict[str, Endpoint], replies: dict[str, list[float]]
) -> None:
    open_request()
    serve(endpoint_states)
    replies |= {"<b>Fine.</b>": [0.1, 0.9], "Dreadful.": [0.9, 0.1]}
    response = ask({"text": "<b>Fine.</b>"})
    assert "They give the same answer." in words(response)
    assert "&lt;b&gt;Fine.&lt;/b&gt;</textarea>" in response["body"]
    assert "Dreadful.</textarea>" in ask({"text": "", "example": "1"})["body"]


def test_without_a_live_version_the_candidate_answers_alone(
    open_request: Open, records: ReleaseRecords, endpoint_states: dict[str, Endpoint], replies: dict[str, list[float]]
) -> None:
    open_request()
    records.set_live("reviews", None)
    serve(endpoint_states)
    replies["Fine."] = [0.1, 0.9]
    response = ask({"text": "Fine."})
    assert "New version (2) positive" in words(response)
    assert "Nothing is live that it could be compared with." in words(response)
    assert "Live version" not in words(response)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("Creating", "It is being started"),
        ("Failed", "It could not be started"),
        ("Deleting", "It is being removed"),
    ],
)
def test_a_candidate_that_does_not_serve_yet_says_when_to_ask_again(
    *,
    open_request: Open,
    endpoint_states: dict[str, Endpoint],
    endpoint_calls: list[tuple[str, ...]],
    replies: dict[str, list[float]],
    status: str,
    says: str,
) -> None:
    open_request()
    serve(endpoint_states, status)
    replies["Fine."] = [0.1, 0.9]
    response = ask({"text": "Fine."})
    assert f"New version (2) {says}" in words(response)
    assert "Live version (1) positive" in words(response)
    assert endpoint_calls == []


def test_a_model_that_does_not_answer_is_told_beside_the_other(
    open_request: Open, endpoint_states: dict[str, Endpoint]
) -> None:
    open_request()
    serve(endpoint_states)
    assert words(ask({"text": "Fine."})).count("It did not answer in time. Please ask again") == 2


@pytest.mark.parametrize("text", ["", "   ", "x" * 20_001])
def test_a_row_that_no_model_takes_starts_nothing(
    open_request: Open, trials_kept: dict[str, TrialRecord], endpoint_calls: list[tuple[str, ...]], text: str
) -> None:
    open_request()
    response = ask({"text": text})
    assert response["statusCode"] == 422
    assert "Nobody was asked. What you entered" in words(response)
    assert trials_kept == {}
    assert endpoint_calls == []


def test_questions_and_starts_have_an_end(
    *,
    open_request: Open,
    endpoint_states: dict[str, Endpoint],
    endpoint_calls: list[tuple[str, ...]],
    replies: dict[str, list[float]],
) -> None:
    open_request()
    replies["Fine."] = [0.1, 0.9]
    for _ in range(MAX_STARTS):
        ask({"text": "Fine."})
        endpoint_states.clear()
    assert f"It was started {MAX_STARTS} times already" in words(ask({"text": "Fine."}))
    assert len(endpoint_calls) == MAX_STARTS
    for _ in range(MAX_QUESTIONS - MAX_STARTS - 1):
        ask({"text": "Fine."})
    assert f"The models were asked {MAX_QUESTIONS} times" in words(ask({"text": "Fine."}))


def test_two_who_ask_at_once_start_one_endpoint(
    open_request: Open, trial_records: TrialRecords, endpoint_calls: list[tuple[str, ...]], monkeypatch: Any
) -> None:
    open_request()
    count = trial_records.count_start

    def another_is_first(trial: TrialRecord, *, now: datetime) -> bool:
        count(trial, now=now)
        return count(trial, now=now)

    monkeypatch.setattr(trial_records, "count_start", another_is_first)
    assert "It is being started" in words(ask({"text": "Fine."}))
    assert endpoint_calls == []


@pytest.mark.parametrize(
    ("token", "status", "says"), [("", 404, "link"), ("guessed", 404, "link"), (TOKEN, 410, "This is no longer open")]
)
def test_only_who_is_asked_may_try_and_only_while_the_question_is_open(
    *,
    open_request: Open,
    approvals: ApprovalRecords,
    trials_kept: dict[str, TrialRecord],
    token: str,
    status: int,
    says: str,
) -> None:
    open_request()
    opened = approvals.request("a1")
    assert opened is not None
    approvals.expire(opened)
    response = ask({"token": token, "text": "Fine."})
    assert response["statusCode"] == status
    assert says in words(response)
    assert trials_kept == {}


def test_looking_at_the_page_starts_nothing(
    open_request: Open, trials_kept: dict[str, TrialRecord], endpoint_calls: list[tuple[str, ...]]
) -> None:
    open_request()
    for method in ("GET", "HEAD"):
        assert call(page.handler, method, "/approvals/a1/trial")["statusCode"] == 200
    assert (trials_kept, endpoint_calls) == ({}, [])


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"sec_fetch_site": "cross-site"}, "text=Fine.", 403),
        ({"origin": "https://elsewhere.example.com"}, "text=Fine.", 403),
        ({"content_type": "text/plain"}, "text=Fine.", 415),
        ({}, "text=" + "x" * (page.MAX_BODY_BYTES + 1), 413),
        ({}, "&".join(f"f{number}=" for number in range(2000)), 400),
    ],
)
def test_what_no_browser_on_the_page_would_send_is_refused(
    open_request: Open, trials_kept: dict[str, TrialRecord], headers: dict[str, str], body: str, status: int
) -> None:
    open_request()
    response = call(page.handler, "POST", "/approvals/a1/trial", f"token={TOKEN}&{body}", **headers)
    assert response["statusCode"] == status
    assert "Nobody was asked" in words(response)
    assert trials_kept == {}


def test_a_service_that_is_down_is_told_kindly(
    open_request: Open, trial_records: TrialRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_request()

    def down(*_: object, **__: object) -> None:
        raise ServiceUnavailableError("DynamoDB is down")

    monkeypatch.setattr(trial_records, "count_question", down)
    response = ask({"text": "Fine."})
    assert response["statusCode"] == 503
    assert "Please try again in a minute." in words(response)


FIELDS = st.dictionaries(
    st.sampled_from(["token", "text", "example", "column:area", "x"]),
    st.text() | st.sampled_from([TOKEN, "0", "Fine."]),
)
HEADERS = st.dictionaries(st.sampled_from(["content_type", "origin", "sec_fetch_site", "host"]), st.text(max_size=20))
PATHS = st.sampled_from(["/approvals/a1/trial", "/approvals/b/trial", "/approvals//trial", "/"]) | st.text(max_size=20)


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]), path=PATHS, fields=FIELDS, headers=HEADERS)
def test_any_request_is_answered(
    open_request: Open, method: str, path: str, fields: dict[str, str], headers: dict[str, str]
) -> None:
    open_request()
    response = call(page.handler, method, path, urlencode(fields, errors="replace"), **headers)
    assert response["statusCode"] < 500
    assert response["body"]


# --- the end of a trial ---


@pytest.fixture
def tried(open_request: Open, trials_kept: dict[str, TrialRecord], replies: dict[str, list[float]]) -> TrialRecord:
    """A trial whose endpoint serves; the question is open."""
    open_request()
    replies["Fine."] = [0.1, 0.9]
    ask({"text": "Fine."})
    return trials_kept["a1"]


def later(trial: TrialRecord, seconds: int = START_SECONDS) -> datetime:
    return trial.asked_at + timedelta(seconds=seconds)


def test_while_the_question_is_open_a_serverless_trial_stays(
    tried: TrialRecord, sweeper: Sweeper, endpoint_states: dict[str, Endpoint]
) -> None:
    assert tried.kind == "serverless"
    assert sweeper.sweep(now=later(tried, INSTANCE_SECONDS // 3)) == 1
    assert NAME in endpoint_states


@pytest.mark.parametrize("end", ["expired", "stopped", "deadline"])
def test_at_every_end_all_of_it_goes(
    *,
    tried: TrialRecord,
    sweeper: Sweeper,
    approvals: ApprovalRecords,
    running: set[str],
    endpoint_states: dict[str, Endpoint],
    prepared_trials: dict[str, TrialOffer],
    trials_kept: dict[str, TrialRecord],
    end: str,
) -> None:
    now = later(tried)
    if end == "expired":
        opened = approvals.request("a1")
        assert opened is not None
        approvals.expire(opened)
    elif end == "stopped":
        running.clear()
    else:
        now = tried.deadline
    assert sweeper.sweep(now=now) == 1
    assert NAME not in endpoint_states
    # Only when the endpoint is gone may its configuration go.
    assert NAME in prepared_trials
    assert sweeper.sweep(now=now) == 0
    assert (prepared_trials, trials_kept) == ({}, {})


def test_a_function_that_may_still_be_making_an_endpoint_is_waited_for(
    tried: TrialRecord, sweeper: Sweeper, running: set[str], endpoint_states: dict[str, Endpoint]
) -> None:
    running.clear()
    endpoint_states.clear()
    assert sweeper.sweep(now=later(tried, START_SECONDS - 1)) == 1
    assert sweeper.sweep(now=later(tried, START_SECONDS)) == 0


def test_an_endpoint_that_is_still_being_made_is_deleted_at_a_later_look(
    *,
    tried: TrialRecord,
    sweeper: Sweeper,
    running: set[str],
    endpoints: EndpointService,
    endpoint_states: dict[str, Endpoint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running.clear()

    def busy(_name: str) -> None:
        raise EndpointBusyError("in progress")

    with monkeypatch.context() as patched:
        patched.setattr(endpoints, "delete", busy)
        assert sweeper.sweep(now=later(tried)) == 1
    assert NAME in endpoint_states
    sweeper.sweep(now=later(tried))
    assert NAME not in endpoint_states


def test_a_failed_endpoint_goes_and_can_be_started_again(
    tried: TrialRecord, sweeper: Sweeper, endpoint_states: dict[str, Endpoint]
) -> None:
    serve(endpoint_states, "Failed")
    assert sweeper.sweep(now=later(tried)) == 1
    assert NAME not in endpoint_states
    ask({"text": "Fine."})
    assert endpoint_states[NAME].status == "InService"


def test_an_instance_goes_after_two_hours_and_can_be_started_again(
    open_request: Open,
    sweeper: Sweeper,
    trials_kept: dict[str, TrialRecord],
    endpoint_states: dict[str, Endpoint],
    replies: dict[str, list[float]],
) -> None:
    open_request("  trial: instance\n", approval_deadline_seconds=86_400)
    replies["Fine."] = [0.1, 0.9]
    ask({"text": "Fine."})
    started = trials_kept["a1"]
    assert sweeper.sweep(now=later(started, INSTANCE_SECONDS - 60)) == 1
    assert NAME in endpoint_states
    assert sweeper.sweep(now=later(started, INSTANCE_SECONDS + 60)) == 1
    assert NAME not in endpoint_states
    ask({"text": "Fine."})
    assert NAME in endpoint_states
    assert trials_kept["a1"].starts == 2


def test_a_trial_that_cannot_be_looked_at_keeps_no_other_waiting(
    *,
    tried: TrialRecord,
    sweeper: Sweeper,
    running: set[str],
    trials_kept: dict[str, TrialRecord],
    trial_hosting: TrialHosting,
    endpoint_states: dict[str, Endpoint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running.clear()
    endpoint_states.clear()
    trials_kept["a2"] = TrialRecord(**{**vars(tried), "approval_id": "a2", "name": "other--trial"})
    remove = trial_hosting.remove

    def fails_once(name: str) -> None:
        if name == NAME:
            raise ServiceUnavailableError("SageMaker is down")
        remove(name)

    monkeypatch.setattr(trial_hosting, "remove", fails_once)
    with pytest.raises(ServiceUnavailableError):
        sweeper.sweep(now=later(tried))
    assert set(trials_kept) == {"a1"}
