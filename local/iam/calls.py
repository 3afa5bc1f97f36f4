"""An HTTP request as the call of an operation: which service, which operation, with which parameters.

By the request's signature scope and botocore's service models, the same from which clients make their requests.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl

import botocore.session
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import BaseCBORParser

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request")
HOSTED_BUCKET = re.compile(r"(?P<bucket>[a-z0-9.-]+?)(\.s3)?\.localhost(:\d+)?", re.IGNORECASE)
RPC_PATH = re.compile(r"/service/[^/]+/operation/(?P<operation>\w+)")
# By signing name, where it is not the model's name; what is asked for by path comes first.
MODELS = {
    "states": ("stepfunctions",),
    "sagemaker": ("sagemaker-runtime", "sagemaker"),
    "ses": ("sesv2", "ses"),
    "monitoring": ("cloudwatch",),
}
CBOR = "smithy-rpc-v2-cbor"
# Where a request keeps its call for whoever asks next.
DECODED = "greenlight.call"
JSON_TYPES = ("application/json", "application/x-amz-json")


@dataclass(frozen=True)
class Credential:
    """What a request's signature says: whose key signed it, for which service.

    token: of temporary credentials
    """

    access_key: str
    service: str
    token: str | None


@dataclass(frozen=True)
class Call:
    """One operation with its parameters.

    service: the signing name, such as states;  protocol: json, query, rest-json, rest-xml …
    operation: None when no model knows the request;  parameters: as in the API; of a REST request those of its path,
    query and JSON body
    """

    service: str
    protocol: str
    operation: str | None
    parameters: dict[str, Any]
    headers: dict[str, str]


def credential_of(environ: WSGIEnvironment) -> Credential | None:
    """Who signed a request, in its header or (presigned) in its query; None when nobody did."""
    found = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found:
        return Credential(found["key"], found["service"], environ.get("HTTP_X_AMZ_SECURITY_TOKEN"))
    values = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if "AWSAccessKeyId" in values:
        # Signature version 2, by which botocore still presigns addresses of S3 in the oldest region.
        return Credential(values["AWSAccessKeyId"], "s3", values.get("x-amz-security-token"))
    found = SCOPE.fullmatch(f"Credential={values.get('X-Amz-Credential', '')}")
    return Credential(found["key"], found["service"], values.get("X-Amz-Security-Token")) if found else None


def call_of(environ: WSGIEnvironment, service: str) -> Call:
    """What a request signed for a service asks for, decoded once; its body stays readable."""
    known: Call | None = environ.get(DECODED)
    if known is None or known.service != service:
        known = environ[DECODED] = _decode(environ, service)
    return known


def _decode(environ: WSGIEnvironment, service: str) -> Call:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    query = environ.get("QUERY_STRING", "")
    content_type: str = environ.get("CONTENT_TYPE", "")
    if target:
        return Call(service, "json", target.rpartition(".")[2], json_object(peek_body(environ)), headers)
    if content_type.startswith("application/x-www-form-urlencoded") or "Action=" in query:
        form = peek_body(environ).decode(errors="replace") if content_type else ""
        fields = {name: values[0] for name, values in parse_qs(f"{query}&{form}", keep_blank_values=True).items()}
        if "Action" in fields:
            return Call(service, "query", fields.pop("Action"), fields, headers)
    rpc = RPC_PATH.fullmatch(environ.get("PATH_INFO", ""))
    if rpc:
        return Call(service, CBOR, rpc["operation"], _cbor(peek_body(environ)), headers)
    return _rest_call(environ, service, headers)


def bucket_and_key(environ: WSGIEnvironment) -> tuple[str, str]:
    """What an S3 request is about, by its host or its path; both may be empty."""
    path = _path(environ).lstrip("/")
    hosted = HOSTED_BUCKET.fullmatch(environ.get("HTTP_HOST", ""))
    if hosted and hosted["bucket"] != "s3":
        return hosted["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key


def peek_body(environ: WSGIEnvironment) -> bytes:
    """The body of a request, which stays readable."""
    length = environ.get("CONTENT_LENGTH", "")
    body: bytes = environ["wsgi.input"].read(int(length)) if str(length).isdecimal() else environ["wsgi.input"].read()
    environ["wsgi.input"] = BytesIO(body)
    return body


def _rest_call(environ: WSGIEnvironment, service: str, headers: dict[str, str]) -> Call:
    method, path = environ.get("REQUEST_METHOD", "GET"), _path(environ).rstrip("/") or "/"
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    protocol = "rest-xml" if service == "s3" else "rest-json"
    if service == "s3":
        # A key may end in a slash.
        bucket, key = bucket_and_key(environ)
        path = f"/{bucket}/{key}" if key else f"/{bucket}"
    for model in _models(service):
        for route in _routes(model):
            found = route.match(method, path, query, headers)
            if found is not None:
                parameters: dict[str, Any] = {**found, **route.located_parameters(query, headers)}
                if route.json_body and environ.get("CONTENT_TYPE", "").startswith(JSON_TYPES):
                    parameters |= json_object(peek_body(environ))
                return Call(service, protocol, route.operation, parameters, headers)
    return Call(service, protocol, None, {}, headers)


def _path(environ: WSGIEnvironment) -> str:
    # The server has decoded %-escapes already; WSGI hands bytes on as Latin-1.
    return str(environ.get("PATH_INFO", "")).encode("latin-1").decode(errors="replace")


def _cbor(body: bytes) -> dict[str, Any]:
    parser: Any = BaseCBORParser()
    document = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
    return document if isinstance(document, dict) else {}


def json_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object; empty when it is none."""
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}  # the service says what is wrong with it
    return document if isinstance(document, dict) else {}


class _Route:
    """How one operation of a REST service is addressed."""

    def __init__(self, operation: OperationModel) -> None:
        self.operation = operation.name
        self._method = operation.http["method"]
        uri, _, query = operation.http["requestUri"].partition("?")
        self._fixed = dict(parse_qsl(query, keep_blank_values=True))
        names: list[str] = []

        def variable(found: re.Match[str]) -> str:
            names.append(found[1])
            return "(.+)" if found[2] else "([^/]+)"

        pieces = re.split(r"(\{[^}]+\})", uri.rstrip("/") or "/")
        self._path = re.compile(
            "".join(
                re.sub(r"\{([^}+]+)(\+?)\}", variable, each) if each[:1] == "{" else re.escape(each) for each in pieces
            )
        )
        members = operation.input_shape.members if operation.input_shape else {}
        located = {
            shape.serialization.get("name", name): (name, shape.serialization.get("location"))
            for name, shape in members.items()
        }
        self._uri_names = [located.get(each, (each, None))[0] for each in names]
        self._query_names = {wire: name for wire, (name, where) in located.items() if where == "querystring"}
        self._header_names = {wire.lower(): name for wire, (name, where) in located.items() if where == "header"}
        required = operation.input_shape.required_members if operation.input_shape else []
        self._required = [wire for wire, name in self._query_names.items() if name in required]
        self._required_headers = [wire for wire, name in self._header_names.items() if name in required]
        payload = operation.input_shape.serialization.get("payload") if operation.input_shape else None
        self.json_body = payload is None or members[payload].type_name == "structure"
        demanded = len(self._fixed) + len(self._required) + len(self._required_headers)
        self.rank = (demanded, -len(names), len(uri))

    def match(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> dict[str, str] | None:
        """Values of the path's variables, when the request is for this operation."""
        if method != self._method or any(query.get(name) != value for name, value in self._fixed.items()):
            return None
        if any(name not in query for name in self._required) or any(
            name not in headers for name in self._required_headers
        ):
            return None
        found = self._path.fullmatch(path)
        return None if found is None else dict(zip(self._uri_names, found.groups(), strict=True))

    def located_parameters(self, query: dict[str, str], headers: dict[str, str]) -> dict[str, str]:
        """Parameters that travel in the query and in headers, by the API's names."""
        return {
            **{name: query[wire] for wire, name in self._query_names.items() if wire in query},
            **{name: headers[wire] for wire, name in self._header_names.items() if wire in headers},
        }


@cache
def _models(service: str) -> list[ServiceModel]:
    session = botocore.session.get_session()
    known = session.get_available_services()
    models = (session.get_service_model(name) for name in MODELS.get(service, (service,)) if name in known)
    return [model for model in models if str(model.metadata["protocol"]).startswith("rest-")]


@cache
def _routes(model: ServiceModel) -> list[_Route]:
    routes = [_Route(model.operation_model(name)) for name in model.operation_names]
    # The most particular first.
    return sorted(routes, key=lambda route: route.rank, reverse=True)
