from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.predict.paths import PATHS
from tests.unit.lambdas.predict.calls import KEY, call, document


def openapi(**options: Any) -> Any:
    response = call("GET", "/openapi.json", **options)
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (200, "application/json")
    return document(response)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_address_for_programs_is_in_the_document() -> None:
    served = {path: {method.upper() for method in methods} for path, methods in openapi()["paths"].items()}
    pages = {"/", "/recipes/{recipe}", "/sign-in", "/sign-out", "/openapi.json"}
    assert served == {path: set(methods) for path, methods in PATHS.items() if path not in pages}


def test_requests_answers_and_problems_are_described() -> None:
    described = openapi()
    asked = described["paths"]["/models/{recipe}/predictions"]["post"]
    assert set(asked["responses"]) >= {"200", "400", "401", "403", "404", "409", "413", "415", "422", "502", "503"}
    assert set(asked["responses"]["422"]["content"]) == {"application/problem+json"}
    schemas = described["components"]["schemas"]
    assert schemas["PredictionRequest"]["properties"]["instances"]["items"] == {
        "anyOf": [{"type": "string"}, {"type": "object"}]
    }
    assert {"predictions", "errors", "model_version", "not_for"} <= set(schemas["PredictionResponse"]["properties"])
    for reference in references(described):
        assert reference.removeprefix("#/components/schemas/") in schemas


@pytest.mark.parametrize(
    ("access", "name", "header"),
    [("IAM", "AwsIam", "Authorization"), ("API_KEY", "ApiKey", "x-api-key")],
    indirect=["access"],
)
def test_the_document_says_how_to_come_in(access: str, name: str, header: str) -> None:  # noqa: ARG001 - by its fixture
    described = openapi(headers={"x-api-key": KEY})
    assert described["security"] == [{name: []}]
    assert described["components"]["securitySchemes"][name]["name"] == header
    assert described["paths"]["/health"]["get"]["security"] == [{}]


def test_the_addresses_are_below_the_document_itself() -> None:
    assert openapi()["servers"] == [{"url": "./"}]
