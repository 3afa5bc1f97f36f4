"""Runs what Lambda's Invoke API is asked to run: finds the function, its process, and puts AWS's answer together."""

from __future__ import annotations

import base64
import logging
import os
import threading
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda_simple.models import LambdaSimpleBackend, lambda_simple_backends
from moto.core.config import default_user_config

from local.cloudwatch.service_metrics import function_invoked, function_throttled
from local.events.callers import Callers
from local.home import ACCOUNT, REGION, Home
from local.iam import AssumeRoleError, check_trust, find_role
from local.lambda_runtime import versions
from local.lambda_runtime.background import BackgroundInvocations
from local.lambda_runtime.function import FunctionVersion
from local.lambda_runtime.invocation import Invocation, InvocationResult, error_payload
from local.lambda_runtime.pool import Pool
from local.lambda_runtime.role import LAMBDA
from local.lambda_runtime.sandbox import Sandbox
from local.processes import ProcessRegistry

logger = logging.getLogger(__name__)

MAX_PAYLOAD_BYTES = 6_291_556  # Lambda quota "invocation payload", synchronous, of requests and of responses
RESPONSE_TOO_LARGE = error_payload(
    "Function.ResponseSizeTooLarge",
    f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
)
PATIENCE_SECONDS = 60.0
# A run that began before a deployment calls its versions a few times more; between two of its states they stay warm.
UNUSED_IDLE_SECONDS = 60.0
UNUSED_CHECK_SECONDS = 15.0


class ThrottledError(LambdaClientError):
    """All processes of a function stayed busy for too long."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class NotAssumableError(LambdaClientError):
    """The function's role is gone, or no longer trusts Lambda."""

    code = 403

    def __init__(self) -> None:
        super().__init__("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")


class RequestTooLargeError(LambdaClientError):
    """The event is larger than Lambda takes."""

    code = 413

    def __init__(self, size: int) -> None:
        super().__init__(
            "RequestEntityTooLargeException",
            f"{size} byte payload is too large for the RequestResponse invocation type "
            f"(limit {MAX_PAYLOAD_BYTES} bytes)",
        )


class LambdaRuntime:
    """Lambda's data plane on the laptop: warm processes per function version, replaced when the function changes."""

    def __init__(self, home: Home, processes: ProcessRegistry) -> None:
        self._home = home
        self._processes = processes
        self._pools: dict[tuple[str, str], Pool] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._background = BackgroundInvocations(
            lambda event: self._run(event.function(), event.payload, event.client_context, event.request_id),
            Callers(home),
            self._stopping.wait,
        )

    def install(self) -> None:
        """Answer moto's Lambda API, and what inside moto calls a function, with this runtime."""
        runtime = self

        def invoke(response: LambdaResponse) -> tuple[int, dict[str, str], bytes]:
            name = unquote(response.path.rsplit("/", 2)[-2])
            qualifier = response.querystring.get("Qualifier", [None])[0]
            status, headers, payload = runtime.answer(name, qualifier, _as_bytes(response.body), response.headers)
            return status, {**headers, "status": str(status)}, payload

        def invoke_for_event_source(function: LambdaFunction, event: str, *_: object) -> bytes:
            runtime.invoke_later(function.function_arn, event.encode())
            return b""

        def delete_function(backend: LambdaSimpleBackend, function_name: str, qualifier: str | None = None) -> None:
            function = backend.get_function(function_name, qualifier)
            LambdaBackend.delete_function(backend, function_name, qualifier)
            # Without a number of its own it is $LATEST, and all versions go with it.
            of_one_version = function.function_arn.rpartition(":")[2] == str(function.version)
            runtime.forget(function.function_name, str(function.version) if of_one_version else None)

        create_without_trust = LambdaBackend.create_function

        def create_function(backend: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
            _check_role(spec)
            return create_without_trust(backend, spec)

        update_without_trust = LambdaBackend.update_function_configuration

        def update_function_configuration(
            backend: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
        ) -> dict[str, Any] | None:
            _check_role(body)
            return update_without_trust(backend, function_name, qualifier, body)

        default_user_config["lambda"] = {"use_docker": False}
        versions.install()
        self._background.install()
        # moto has no other way in; it is pinned to the exact version for that.
        LambdaResponse.invoke = invoke  # type: ignore[method-assign]
        LambdaBackend.create_function = create_function  # type: ignore[method-assign,assignment]
        LambdaBackend.update_function_configuration = update_function_configuration  # type: ignore[method-assign,assignment]
        LambdaSimpleBackend.delete_function = delete_function  # type: ignore[method-assign,assignment]
        LambdaFunction.invoke = invoke_for_event_source  # type: ignore[method-assign,assignment]

    def start(self) -> None:
        """Bring every deployed function's process up, in the background."""
        self.warm()
        threading.Thread(target=self._stop_unused_regularly, daemon=True, name="lambda-unused").start()

    def deployed(self) -> None:
        """Change over to the versions that aliases lead to now; what an older run needs starts when it is called."""
        self._stop_unused(idle_seconds=0.0)
        self.warm()

    def stop(self) -> None:
        """Stop all processes."""
        self._stopping.set()
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def answer(
        self, function_name: str, qualifier: str | None, payload: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body with which Lambda's Invoke API answers one request."""
        function = self._find(function_name, qualifier)
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return 204, {}, b""
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise RequestTooLargeError(len(payload))
        context = headers.get("X-Amz-Client-Context")
        client_context = base64.b64decode(context).decode() if context else None
        if kind == "Event":
            self.invoke_later(function_name, payload, qualifier=qualifier, client_context=client_context)
            return 202, {}, b""
        result = self._run(function, payload, client_context)
        answered = {"content-type": "application/json", "x-amz-executed-version": result.version}
        if result.error:
            answered["x-amz-function-error"] = result.error
        if headers.get("X-Amz-Log-Type") == "Tail":
            answered["x-amz-log-result"] = base64.b64encode(result.log_tail.encode()).decode()
        return 200, answered, result.payload

    def invoke(self, function_name: str, payload: bytes, *, qualifier: str | None = None) -> InvocationResult:
        """Invoke a function, given by name or ARN with or without a version or alias, and wait for its answer.

        payload: JSON
        Raises moto's ServiceException when there is no such function or all its processes stay busy.
        """
        return self._run(self._find(function_name, qualifier), payload, None)

    def invoke_later(
        self,
        function_name: str,
        payload: bytes,
        *,
        qualifier: str | None = None,
        client_context: str | None = None,
    ) -> None:
        """Invoke in the background; a failure is tried again, and told to the function's destination in the end."""
        self._background.begin(lambda: self._find(function_name, qualifier), payload, client_context)

    def warm(self, function_names: Iterable[str] | None = None) -> None:
        """Start processes in the background, as many at a time as there are processors.

        function_names: all deployed functions when None
        """
        backend: LambdaSimpleBackend = lambda_simple_backends[ACCOUNT][REGION]
        names = [each.function_name for each in backend.list_functions()] if function_names is None else function_names
        functions = [function for name in names for function in self._versions_in_use(name)]

        def start_all() -> None:
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as executor:
                list(executor.map(self._warm, functions))

        threading.Thread(target=start_all, daemon=True, name="lambda-warm").start()

    def forget(self, function_name: str, version: str | None = None) -> None:
        """Stop the processes of a function, or of one version of it, that is gone."""
        with self._lock:
            keys = [key for key in self._pools if key[0] == function_name and version in {None, key[1]}]
            pools = [self._pools.pop(key) for key in keys]
        for pool in pools:
            pool.close()

    def _find(self, function_name: str, qualifier: str | None) -> FunctionVersion:
        backend: LambdaSimpleBackend = lambda_simple_backends[ACCOUNT][REGION]
        return FunctionVersion.from_moto(backend.get_function(function_name, qualifier))

    def _versions_in_use(self, name: str) -> list[FunctionVersion]:
        backend: LambdaSimpleBackend = lambda_simple_backends[ACCOUNT][REGION]
        try:
            qualifiers = [alias.name for alias in backend.list_aliases(name)] or ["$LATEST"]
            return [self._find(name, qualifier) for qualifier in qualifiers]
        except LambdaClientError as error:
            logger.warning("function not started", extra={"function": name, "reason": str(error)})
            return []

    def _stop_unused_regularly(self) -> None:
        while not self._stopping.wait(UNUSED_CHECK_SECONDS):
            self._stop_unused(idle_seconds=UNUSED_IDLE_SECONDS)

    def _stop_unused(self, *, idle_seconds: float) -> None:
        with self._lock:
            pools = dict(self._pools)
        used = {name: {each.version for each in self._versions_in_use(name)} for name, _ in pools}
        for (name, version), pool in pools.items():
            if version not in used[name]:
                pool.stop_idle(idle_seconds)

    def _run(
        self, function: FunctionVersion, payload: bytes, client_context: str | None, request_id: str | None = None
    ) -> InvocationResult:
        pool = self._pool(function)
        try:
            sandbox = pool.acquire(PATIENCE_SECONDS)
        except AssumeRoleError as error:
            raise NotAssumableError from error
        if sandbox is None:
            function_throttled(function.name)
            raise ThrottledError
        reusable = False
        try:
            request = Invocation(request_id or str(uuid.uuid4()), payload or b"{}", function.arn, client_context)
            result, reusable = sandbox.invoke(request)
        finally:
            pool.release(sandbox, reusable=reusable)
        function_invoked(function.name, duration_ms=result.duration_ms, failed=result.error is not None)
        if len(result.payload) > MAX_PAYLOAD_BYTES:
            return replace(result, payload=RESPONSE_TOO_LARGE, error="Unhandled")
        return result

    def _warm(self, function: FunctionVersion) -> None:
        pool = self._pool(function)
        if self._stopping.is_set() or pool.started:
            return
        try:
            sandbox = pool.acquire(0.0)
        except AssumeRoleError as error:
            logger.warning("function not started", extra={"function": function.name, "reason": str(error)})
            return
        if sandbox is None:
            return
        loaded = sandbox.wait_until_loaded()
        if not loaded:
            logger.warning("function does not load", extra={"function": function.name})
            sandbox.stop()
        pool.release(sandbox, reusable=loaded)

    def _pool(self, function: FunctionVersion) -> Pool:
        key = (function.name, function.version)
        with self._lock:
            pool = self._pools.get(key)
            if pool is not None and pool.function == function:
                return pool
            self._pools[key] = new = Pool(function, self._start)
        if pool is not None:
            pool.close()
        return new

    def _start(self, function: FunctionVersion) -> Sandbox:
        return Sandbox(function, self._home, self._processes)


def _check_role(request: dict[str, Any]) -> None:
    # Of a role that is not there moto says the same itself.
    role = request.get("Role")
    if role and find_role(role) is not None:
        try:
            check_trust(role, LAMBDA)
        except AssumeRoleError as error:
            raise InvalidParameterValueException(
                "The role defined for the function cannot be assumed by Lambda."
            ) from error


def _as_bytes(body: bytes | str | None) -> bytes:
    return body if isinstance(body, bytes) else (body or "").encode()
