from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.http_api.signature import is_signed

URL = "http://127.0.0.1:4747/_api/abc/models/m%20d/predictions?b=2&a=1"
BODY = b'{"instances":["x"]}'
LAPTOP = Credentials("laptop", "laptop")


def signed_headers(credentials: Credentials = LAPTOP, service: str = "execute-api") -> dict[str, str]:
    request = AWSRequest("POST", URL, headers={"Content-Type": "application/json"}, data=BODY)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return {**dict(request.headers.items()), "Host": "127.0.0.1:4747", "User-Agent": "added-later"}


def check(headers: dict[str, str], **changes: Any) -> bool:
    request = {"method": "POST", "url": URL, "body": BODY, **changes}
    key = {"access_key": "laptop", "secret_key": "laptop", "region": "us-east-1"}
    return is_signed(request["method"], request["url"], headers, request["body"], **key)


def test_a_signed_request_is_let_in() -> None:
    assert check(signed_headers())


@pytest.mark.parametrize("changes", [{"method": "PUT"}, {"url": URL + "&c=3"}, {"body": b"{}"}])
def test_a_request_changed_after_it_was_signed_is_not(changes: dict[str, Any]) -> None:
    assert not check(signed_headers(), **changes)


@pytest.mark.parametrize(
    "by",
    [
        {"credentials": Credentials("other", "laptop")},
        {"credentials": Credentials("laptop", "other")},
        {"service": "sagemaker"},
    ],
)
def test_a_request_signed_otherwise_is_not(by: dict[str, Any]) -> None:
    assert not check(signed_headers(**by))


@pytest.mark.parametrize("authorization", ["", "Bearer abc", "AWS4-HMAC-SHA256 nonsense"])
def test_a_request_without_a_signature_is_not(authorization: str) -> None:
    assert not check({**signed_headers(), "Authorization": authorization})


def test_an_old_signature_is_not_let_in() -> None:
    old = (datetime.now(UTC) - timedelta(minutes=6)).strftime("%Y%m%dT%H%M%SZ")
    assert not check({**signed_headers(), "X-Amz-Date": old})
