"""Whatever is sent, the caller gets an answer that says what was wrong, and never an error of the function."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.lambdas.predict.calls import KEY, call, send_form

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
ROW = JSON | st.fixed_dictionaries({"LotArea": JSON, "Street": JSON})
REQUEST = st.fixed_dictionaries(
    {"instances": st.lists(ROW, max_size=5) | JSON}, optional={"model_version": JSON | st.just("1"), "more": JSON}
)
RECIPES = st.sampled_from(["reviews", "comments", "houses", "names"])
TYPES = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data"]
)
PATHS = st.sampled_from(["/", "/models", "/sign-in", "/sign-out", "/openapi.json", "/health"]) | st.text(max_size=30)
BODIES = st.none() | st.text(st.characters()) | st.binary() | JSON.map(json.dumps)
SAFE = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


def is_answered_well(response: dict[str, Any]) -> bool:
    """Whether a response is no error of ours, and says what it is."""
    status, content_type = int(response["statusCode"]), response["headers"].get("Content-Type", "")
    if "json" in content_type:
        json.loads(response["body"])
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and (status == HTTPStatus.SEE_OTHER or bool(response["body"]))


@pytest.mark.parametrize("access", ["IAM", "API_KEY"], indirect=True)
@settings(max_examples=500, deadline=None, suppress_health_check=SAFE)
@given(document=REQUEST | JSON, recipe=RECIPES)
def test_any_json_is_answered(services: object, document: Any, recipe: str) -> None:  # noqa: ARG001 - fakes are in
    headers = {"content-type": "application/json", "x-api-key": KEY}
    response = call("POST", f"/models/{recipe}/predictions", json.dumps(document), headers=headers)
    assert is_answered_well(response)
    if response["statusCode"] == HTTPStatus.OK:
        answer = json.loads(response["body"])
        nulls = [index for index, each in enumerate(answer["predictions"]) if each is None]
        assert [error["index"] for error in answer["errors"]] == nulls
        assert len(answer["predictions"]) == len(document["instances"])


@pytest.mark.parametrize("access", ["IAM", "API_KEY"], indirect=True)
@settings(max_examples=500, deadline=None, suppress_health_check=SAFE)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"]),
    path=PATHS | RECIPES.map("/models/{}/predictions".format) | RECIPES.map("/recipes/{}".format),
    body=BODIES,
    content_type=TYPES | st.text(max_size=20),
    cookie=st.just(KEY) | st.none() | st.text(max_size=20),
    query=st.dictionaries(st.sampled_from(["key", "page", "example"]), st.text(max_size=20)),
)
def test_any_request_is_answered(  # noqa: PLR0917 - Hypothesis hands them by name
    services: object,  # noqa: ARG001 - fakes are in
    method: str,
    path: str,
    body: Any,
    content_type: str,
    cookie: str | None,
    query: dict[str, str],
) -> None:
    headers = {"content-type": content_type, "x-api-key": KEY}
    assert is_answered_well(call(method, path, body, headers=headers, cookie=cookie, query=query))


@settings(max_examples=300, deadline=None, suppress_health_check=SAFE)
@given(
    fields=st.dictionaries(st.sampled_from(["text", "column:LotArea", "column:Street", "x"]), st.text()), recipe=RECIPES
)
def test_any_form_is_answered(
    services: object,  # noqa: ARG001 - fakes are in
    fields: dict[str, str],
    recipe: str,
) -> None:
    assert is_answered_well(send_form(f"/recipes/{recipe}", fields))


@pytest.mark.parametrize("recipe", ["reviews", "houses"])
@pytest.mark.parametrize("half", ["\ud800", "\udfff text"])
def test_half_of_a_character_is_told_and_breaks_no_answer(recipe: str, half: str) -> None:
    for document in (
        {"instances": [half]},
        {"instances": [{f"LotAre{half}": 1, "Street": half}]},
        {"instances": ["a"], half: 1},
        {"instances": ["a"], "model_version": half},
    ):
        headers = {"content-type": "application/json"}
        response = call("POST", f"/models/{recipe}/predictions", json.dumps(document), headers=headers)
        assert (response["statusCode"], is_answered_well(response)) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
        response["body"].encode()
