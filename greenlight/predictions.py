"""Asking the prediction API, with a key or signed as the caller, as the stack wants it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from greenlight.api_keys import ApiKeys
from greenlight.errors import FaultError, WrongUseError

if TYPE_CHECKING:
    from greenlight.target import Target

# SageMaker lets a model answer for up to 60 seconds.
TIMEOUT_SECONDS = 75
# After `up` an endpoint needs some seconds to load its model again.
PATIENCE_SECONDS = 60
KEY_VARIABLE = "GREENLIGHT_API_KEY"
_UNAVAILABLE = 503
_SHOWN_ERRORS = 5


@dataclass(frozen=True)
class Predictions:
    """What a version answers, one prediction per row and in their order; None where a row was not answered."""

    recipe: str
    model_version: str
    predictions: list[dict[str, Any] | None]
    errors: list[dict[str, Any]] = field(default_factory=list)
    not_for: str = ""

    def to_json(self) -> dict[str, Any]:
        """The document of `predict --json`."""
        return {
            "recipe": self.recipe,
            "model_version": self.model_version,
            "predictions": self.predictions,
            "errors": self.errors,
            "not_for": self.not_for,
        }


def predict(target: Target, recipe: str, instances: Sequence[object], model_version: str | None = None) -> Predictions:
    """Ask the prediction API about rows; an endpoint that is just starting is waited for.

    Raises WrongUseError when it refuses the request, FaultError when it has no answer.
    """
    url = f"{target.output('PredictionUrl').rstrip('/')}/models/{recipe}/predictions"
    request = {"instances": list(instances), **({"model_version": model_version} if model_version else {})}
    body = json.dumps(request).encode()
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    with access(target) as headers:
        while True:
            answer = _post(target, url, body, headers)
            if answer.status_code != _UNAVAILABLE or time.monotonic() > give_up_at:
                return read_answer(recipe, answer.status_code, answer.text)
            time.sleep(target.poll_seconds)


@contextmanager
def access(target: Target) -> Iterator[dict[str, str]]:
    """Headers that let a request in; none where it has to be signed.

    Without GREENLIGHT_API_KEY whoever may write the stack's table gets a key for the moment.
    """
    if target.outputs.get("ApiAccess", "IAM") != "API_KEY":
        yield {}
    elif key := os.environ.get(KEY_VARIABLE):
        yield {"x-api-key": key}
    else:
        with ApiKeys(target.dynamodb, target.output("ReleaseTable")).for_a_moment() as own:
            yield {"x-api-key": own}


def _post(target: Target, url: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
    request = json_request(url, body, headers) if headers else signed_request(target, url, body)
    with requests.Session() as session:
        session.trust_env = target.home is None
        return session.post(url, data=request.body, headers=dict(request.headers.items()), timeout=TIMEOUT_SECONDS)


def json_request(url: str, body: bytes, headers: Mapping[str, str]) -> AWSRequest:
    """A JSON request with further headers."""
    return AWSRequest("POST", url, headers={"Content-Type": "application/json", **headers}, data=body)


def signed_request(target: Target, url: str, body: bytes) -> AWSRequest:
    """A JSON request signed for API Gateway (Signature Version 4).

    Raises WrongUseError when there is nobody to sign as.
    """
    credentials = target.session.get_credentials()
    if credentials is None:
        raise WrongUseError("there are no AWS credentials to sign with; log in to AWS first")
    request = json_request(url, body, {})
    SigV4Auth(credentials.get_frozen_credentials(), "execute-api", target.session.region_name).add_auth(request)
    return request


def read_answer(recipe: str, status: int, text: str) -> Predictions:
    """Read the API's answer.

    Raises WrongUseError for a 4xx answer and FaultError for any other that holds no predictions.
    """
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise FaultError(f"the prediction API answered no JSON (HTTP {status}); look at `greenlight status`")
    if status >= 500:  # noqa: PLR2004 - the class of HTTP status
        raise FaultError(f"the prediction API: {_reason(document)} (HTTP {status})")
    if status >= 400:  # noqa: PLR2004 - the class of HTTP status
        raise WrongUseError(f"the prediction API: {_reason(document)} (HTTP {status})")
    return Predictions(
        document.get("recipe", recipe),
        document["model_version"],
        document["predictions"],
        document.get("errors", []),
        document.get("not_for", ""),
    )


def _reason(document: dict[str, Any]) -> str:
    said = str(document.get("detail") or document.get("message") or document)
    errors = document.get("errors") or []
    rows = [f"row {each['index'] + 1} {each['reason']}" for each in errors[:_SHOWN_ERRORS]]
    more = [f"and {len(errors) - _SHOWN_ERRORS} more"] if len(errors) > _SHOWN_ERRORS else []
    return " ".join([said, *(f"{each};" for each in [*rows, *more])]).rstrip(";")
