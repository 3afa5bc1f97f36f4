"""Answers requests to HTTP APIs: finds the route, asks its function, answers what the function answered."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from moto.apigatewayv2.exceptions import ApiNotFound
from moto.apigatewayv2.models import Api, Integration, apigatewayv2_backends
from moto.core.exceptions import JsonRESTError, ServiceException
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local.home import ACCOUNT, REGION, Home
from local.http_api.events import MalformedResultError, Route, event_of, response_of
from local.http_api.routes import find_route
from local.http_api.signature import is_signed
from local.iam import AUTHORIZER, AccessDeniedError, Permission
from local.iam.calls import credential_of
from local.iam.permissions import arn
from local.iam.sessions import SESSIONS
from local.lambda_runtime.invocation import InvocationResult

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

API_GATEWAY = "apigateway.amazonaws.com"
ADDRESS = re.compile(r"/_api/(?P<api_id>[^/]+)(?P<path>/.*)?")
FUNCTION = re.compile(r"functions/(arn:[^/]+)/invocations")
# API Gateway quotas for HTTP APIs.
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_INTEGRATION_SECONDS = 30.0
MAX_WAITING_REQUESTS = 32


class HttpApi:
    """The WSGI application for /_api/<api-id>/<path>.

    invoke: a function by ARN, with a JSON payload
    """

    def __init__(self, home: Home, invoke: Callable[[str, bytes], InvocationResult]) -> None:
        self._invoke = invoke
        environment = home.client_environment()
        self._access_key = environment["AWS_ACCESS_KEY_ID"]
        self._secret_key = environment["AWS_SECRET_ACCESS_KEY"]
        # A function may still run when its caller has long got an answer.
        self._executor = ThreadPoolExecutor(MAX_WAITING_REQUESTS, thread_name_prefix="http-api")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        address = ADDRESS.fullmatch(request.path)
        api = _find_api(address["api_id"]) if address else None
        if address is None or api is None:
            return _message(404, "Not Found")
        if address["path"] is None and request.method in {"GET", "HEAD"}:
            # On AWS an API is a host, whose name alone means its root; here it is a folder, below which pages link.
            return redirect(f"{request.path}/", HTTPStatus.PERMANENT_REDIRECT)
        path = address["path"] or "/"
        route_ids = {route.route_key: route_id for route_id, route in api.routes.items()}
        match = find_route(route_ids, request.method, path)
        if match is None:
            return _message(404, "Not Found")
        if (request.content_length or 0) > MAX_BODY_BYTES:
            return _message(413, "Request Entity Too Large")
        body = request.get_data()
        moto_route = api.routes[route_ids[match.route_key]]
        caller = None
        if moto_route.authorization_type == "AWS_IAM":
            caller = self._caller(request, body, api_arn(api.api_id, f"{request.method}{path}"))
            if caller is None:
                return _message(403, "Forbidden")
        event = event_of(request, body, Route(api.api_id, match.route_key, path, match.path_parameters, caller))
        # The route as the API has it: $default has neither a method nor a path.
        source = api_arn(api.api_id, match.route_key.replace(" ", "", 1))
        response = self._ask(api.integrations[moto_route.target.rpartition("/")[2]], event, source)
        response.headers["Apigw-Requestid"] = event["requestContext"]["requestId"]
        return response

    def _ask(self, integration: Integration, event: dict[str, object], source_arn: str) -> Response:
        function = FUNCTION.search(str(integration.integration_uri))
        if function is None or not _may_ask(function[1], source_arn):
            return _message(500, "Internal Server Error")
        seconds = min((integration.timeout_in_millis or 30_000) / 1000, MAX_INTEGRATION_SECONDS)
        asked = self._executor.submit(self._invoke, function[1], json.dumps(event).encode())
        try:
            result = asked.result(timeout=seconds)
        except TimeoutError:
            return _message(503, "Service Unavailable")
        except (ServiceException, JsonRESTError):
            logger.exception("integration failed", extra={"function": function[1]})
            return _message(500, "Internal Server Error")
        if result.error:
            # The function's own log says what went wrong.
            return _message(500, "Internal Server Error")
        try:
            return response_of(result.payload)
        except MalformedResultError as error:
            logger.warning("function's result is no response", extra={"function": function[1], "reason": str(error)})
            return _message(500, "Internal Server Error")

    def _caller(self, request: Request, body: bytes, resource: str) -> str | None:
        """ARN of who signed a request and may make it, the administrator or a session of a role; None for others."""
        credential = credential_of(request.environ)
        if credential is None:
            return None
        if credential.access_key == self._access_key:
            return f"arn:aws:iam::{ACCOUNT}:root" if self._is_signed(request, body, self._secret_key) else None
        session = SESSIONS.find(credential.access_key)
        if session is None or session.token != credential.token:
            return None
        try:
            AUTHORIZER.check_role(session.role_arn, session.name, [Permission("execute-api:Invoke", resource)])
        except AccessDeniedError as error:
            logger.info("request refused", extra={"reason": str(error)})
            return None
        return session.arn if self._is_signed(request, body, session.secret_key, session.access_key) else None

    def _is_signed(self, request: Request, body: bytes, secret_key: str, access_key: str | None = None) -> bool:
        target = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.full_path
        return is_signed(
            request.method,
            f"{request.scheme}://{request.host}{target}",
            dict(request.headers.items()),
            body,
            access_key=access_key or self._access_key,
            secret_key=secret_key,
            region=REGION,
        )


def api_arn(api_id: str, route: str) -> str:
    """ARN of an API's route, by which policies name it; route: method and path, such as GET/health."""
    return arn("execute-api", f"{api_id}/$default/{route}")


def _may_ask(function_arn: str, source_arn: str) -> bool:
    try:
        AUTHORIZER.check_service(API_GATEWAY, Permission("lambda:InvokeFunction", function_arn), source_arn)
    except AccessDeniedError as error:
        logger.warning("function not asked", extra={"reason": str(error)})
        return False
    return True


def _find_api(api_id: str) -> Api | None:
    try:
        return apigatewayv2_backends[ACCOUNT][REGION].get_api(unquote(api_id))
    except ApiNotFound:
        return None


def _message(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, content_type="application/json")
