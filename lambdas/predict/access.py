"""Who asks. Nobody is let in whom neither API Gateway nor a key vouches for, whatever the template says.

IAM       API Gateway has checked the caller's signature and policy, and says who it was
API_KEY   programs send a key as `x-api-key`; browsers keep it in a cookie after they have signed in with it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from lambdas.predict.paths import OPEN, SIGN_IN, is_page
from steps.api_keys import ApiKey, is_valid, name_in
from steps.ports import ApiKeys
from steps.problem import Problem

ApiAccess = Literal["IAM", "API_KEY"]

KEY_HEADER = "x-api-key"
KEY_COOKIE = "greenlight-key"
# HTTP wants a 401 to say how to come in; there is no registered scheme for keys.
_ASK_FOR_KEY = {"WWW-Authenticate": f'ApiKey realm="predictions", header="{KEY_HEADER}"'}


@dataclass(frozen=True)
class Caller:
    """Who asks: the name of a key or of a role, as it goes into the log; None for anybody."""

    name: str | None


def admit(event: APIGatewayProxyEventV2, access: ApiAccess, keys: ApiKeys, *, now: datetime) -> Caller:
    """Who asks, if they may; raises Problem."""
    if event.path in OPEN:
        return Caller(None)
    if access == "IAM":
        return Caller(_signer(event))
    if event.path == SIGN_IN:
        return Caller(None)
    sent = cookie_of(event) if is_page(event.path) else header_of(event, KEY_HEADER)
    return Caller(valid_key(sent, keys, now=now).name)


def valid_key(key: str, keys: ApiKeys, *, now: datetime) -> ApiKey:
    """The record of a key that works just now; raises Problem."""
    if not key:
        raise Problem(HTTPStatus.UNAUTHORIZED, f"Send a key in the header {KEY_HEADER}.", headers=_ASK_FOR_KEY)
    name = name_in(key)
    record = keys.get(name) if name else None
    if record is None or not is_valid(key, record, now):
        raise Problem(HTTPStatus.UNAUTHORIZED, "The key is none, or works no longer.", headers=_ASK_FOR_KEY)
    return record


def header_of(event: APIGatewayProxyEventV2, name: str) -> str:
    """A header's value, empty when it was not sent."""
    sent = {each.lower(): value for each, value in event.headers.items()}
    return str(sent.get(name) or "")


def cookie_of(event: APIGatewayProxyEventV2) -> str:
    """The key in a browser's cookie, empty when there is none."""
    pairs = (each.partition("=") for each in event.cookies)
    return next((value for name, _, value in pairs if name.strip() == KEY_COOKIE), "")


def _signer(event: APIGatewayProxyEventV2) -> str:
    authorizer = event.request_context.get("authorizer")
    iam = authorizer.get("iam") if isinstance(authorizer, dict) else None
    arn = iam.get("userArn") if isinstance(iam, dict) else None
    if not isinstance(arn, str) or not arn:
        raise Problem(HTTPStatus.FORBIDDEN, "Sign the request (AWS Signature Version 4, service execute-api).")
    # arn:aws:sts::account:assumed-role/role/session: people's sessions are often named by their addresses.
    return "/".join(arn.rpartition(":")[2].split("/")[:2])
