"""Asking the prediction API, signed as the caller."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from greenlight.errors import FaultError, WrongUseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenlight.target import Target

# SageMaker lets a model answer for up to 60 seconds.
TIMEOUT_SECONDS = 75
# After `up` an endpoint needs some seconds to load its model again.
PATIENCE_SECONDS = 60
_UNAVAILABLE = 503


@dataclass(frozen=True)
class Predictions:
    """What the live version answers, one prediction per text and in their order."""

    recipe: str
    model_version: str
    predictions: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The document of `predict --json`."""
        return {"recipe": self.recipe, "model_version": self.model_version, "predictions": self.predictions}


def predict(target: Target, recipe: str, texts: Sequence[str]) -> Predictions:
    """Ask the prediction API; an endpoint that is just starting is waited for.

    Raises WrongUseError when it refuses the request, FaultError when it has no answer.
    """
    url = f"{target.output('PredictionUrl').rstrip('/')}/models/{recipe}/predictions"
    body = json.dumps({"instances": list(texts)}).encode()
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = _post(target, url, body)
        if answer.status_code != _UNAVAILABLE or time.monotonic() > give_up_at:
            return read_answer(recipe, answer.status_code, answer.text)
        time.sleep(target.poll_seconds)


def _post(target: Target, url: str, body: bytes) -> requests.Response:
    request = signed_request(target, url, body)
    with requests.Session() as session:
        session.trust_env = target.home is None
        return session.post(url, data=request.body, headers=dict(request.headers.items()), timeout=TIMEOUT_SECONDS)


def signed_request(target: Target, url: str, body: bytes) -> AWSRequest:
    """A JSON request signed for API Gateway (Signature Version 4).

    Raises WrongUseError when there is nobody to sign as.
    """
    credentials = target.session.get_credentials()
    if credentials is None:
        raise WrongUseError("there are no AWS credentials to sign with; log in to AWS first")
    request = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
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
    return Predictions(document.get("recipe", recipe), document["model_version"], document["predictions"])


def _reason(document: dict[str, Any]) -> str:
    return str(document.get("detail") or document.get("message") or document)
