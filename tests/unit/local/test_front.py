from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from local.front import Front, changes_state, refusal_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1:4747"


def request(method: str = "GET", path: str = "/", host: str = HOST, **headers: str) -> WSGIEnvironment:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return EnvironBuilder(method=method, path=path, headers=[*given.items(), ("Host", host)]).get_environ()


def named(name: str) -> WSGIApplication:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [f"{name} {environ['PATH_INFO']}".encode()]

    return application


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def front(changes: list[str]) -> Front:
    return Front(
        aws=named("aws"),
        http_api=named("http api"),
        pages=named("pages"),
        health=lambda: {"status": "ok"},
        changed=lambda: changes.append("changed"),
    )


def answer(front: Front, environ: WSGIEnvironment) -> tuple[str, bytes]:
    body, status, _ = run_wsgi_app(front, environ)
    return status, b"".join(body)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", b"aws /"),
        ("/bucket/_api/key", b"aws /bucket/_api/key"),
        ("/_api/abc/approvals", b"http api /_api/abc/approvals"),
        ("/_greenlight/inbox", b"pages /_greenlight/inbox"),
    ],
)
def test_the_path_chooses_the_application(front: Front, path: str, body: bytes) -> None:
    assert answer(front, request(path=path)) == ("200 OK", body)


def test_health_names_the_process_and_what_it_is_told_to_say(front: Front) -> None:
    status, body = answer(front, request(path="/_greenlight/health"))
    assert status == "200 OK"
    assert {**json.loads(body), "pid": 0} == {"status": "ok", "pid": 0}


def test_a_refused_request_reaches_no_application(front: Front, changes: list[str]) -> None:
    status, body = answer(front, request("POST", host="attacker.example"))
    assert status == "403 Forbidden"
    assert b"attacker.example" in body
    assert changes == []


def test_a_change_is_told_also_when_the_application_fails(changes: list[str]) -> None:
    def failing(environ: WSGIEnvironment, _: StartResponse) -> Iterable[bytes]:
        raise ValueError(environ["PATH_INFO"])

    broken = Front(aws=failing, http_api=failing, pages=failing, health=dict, changed=lambda: changes.append("changed"))
    with pytest.raises(ValueError, match="/"):
        answer(broken, request("PUT"))
    assert changes == ["changed"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4747", "localhost:4747", "localhost", "bucket.localhost:4747", "b.s3.LOCALHOST:4747"]
)
def test_the_laptops_own_names_are_let_in(host: str) -> None:
    assert refusal_of(request(host=host)) is None


@pytest.mark.parametrize(
    "host",
    ["attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example:4747", "192.168.0.2:4747", ""],
)
def test_any_other_name_is_refused(host: str) -> None:
    assert refusal_of(request(host=host)) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://attacker.example"},
        {"Origin": "http://localhost:3000"},
    ],
)
def test_what_a_page_of_another_site_sends_is_refused(headers: dict[str, str]) -> None:
    assert refusal_of(request("POST", "/_api/abc/approvals/1", **headers)) is not None
    assert refusal_of(request("GET", "/?Action=DeleteUser", **headers)) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": f"http://{HOST}"},
        {"Origin": "null"},
    ],
)
def test_what_no_page_or_an_own_page_sends_is_let_in(headers: dict[str, str]) -> None:
    assert refusal_of(request("POST", "/_api/abc/approvals/1", **headers)) is None


def test_a_link_on_another_site_may_be_followed_to_a_page() -> None:
    assert refusal_of(request("GET", "/_api/abc/approvals/1", Sec_Fetch_Site="cross-site")) is None
    assert refusal_of(request("GET", "/_greenlight/inbox", Sec_Fetch_Site="cross-site")) is None


@pytest.mark.parametrize(
    ("method", "headers", "body", "expected"),
    [
        ("GET", {}, b"", False),
        ("HEAD", {}, b"", False),
        ("PUT", {}, b"", True),
        ("DELETE", {}, b"", True),
        ("POST", {"X-Amz-Target": "DynamoDB_20120810.GetItem"}, b"{}", False),
        ("POST", {"X-Amz-Target": "AWSStepFunctions.DescribeExecution"}, b"{}", False),
        ("POST", {"X-Amz-Target": "AWSStepFunctions.StartExecution"}, b"{}", True),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"Version=1&Action=DescribeStacks", False),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=CreateStack&Version=1", True),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"NotAction=DescribeStacks", True),
        ("POST", {}, b"", True),
    ],
)
def test_requests_that_only_read_change_nothing(
    method: str, headers: dict[str, str], body: bytes, expected: bool
) -> None:
    environ = EnvironBuilder(method=method, headers=[*headers.items()], data=body or None).get_environ()
    assert changes_state(environ) is expected
    assert environ["wsgi.input"].read() == body


def test_a_query_request_in_the_address_may_change_something() -> None:
    assert changes_state(request("GET", "/?Action=CreateUser"))


def test_a_form_of_unknown_length_is_left_unread() -> None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "wsgi.input": BytesIO(b"Action=DescribeStacks"),
    }
    assert changes_state(environ)
    assert environ["wsgi.input"].read() == b"Action=DescribeStacks"
