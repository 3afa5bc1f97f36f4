"""InvokeEndpoint: hands a request to an instance of the endpoint and its answer back."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local.cloudwatch.service_metrics import endpoint_invoked
from local.sagemaker.instances import NoAnswerError

if TYPE_CHECKING:
    from moto.core.common_types import TYPE_RESPONSE

    from local.sagemaker.deployments import Deployments
    from local.sagemaker.instances import ContainerAnswer

BODY_LIMIT_BYTES = 6_291_456
MODEL_ERROR_STATUS = 424
# Of what a client may send, only these reach the container.
FORWARDED_HEADERS = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Inference-Id")


class RuntimeApi(SageMakerRuntimeResponse):
    """The runtime API. `deployments` is set once, before anything is served."""

    deployments: Deployments
    use_raw_body = True

    def invoke_endpoint(self) -> TYPE_RESPONSE:
        """InvokeEndpoint."""
        endpoint_name = self.path.split("/")[2]
        if len(self.raw_body) > BODY_LIMIT_BYTES:
            return _error(
                "", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"HTTP content length exceeded {BODY_LIMIT_BYTES} bytes."
            )
        fleet = self.deployments.fleet_of(endpoint_name)
        if fleet is None:
            message = f"Endpoint {endpoint_name} of account {self.current_account} not found."
            return _error("ValidationError", HTTPStatus.BAD_REQUEST, message)
        target = self.headers.get("X-Amzn-SageMaker-Target-Variant")
        try:
            variant, instance = fleet.choose(target)
        except KeyError:
            message = f"Endpoint {endpoint_name} has no production variant {target}."
            return _error("ValidationError", HTTPStatus.BAD_REQUEST, message)
        began = time.monotonic()
        try:
            answer = instance.invoke(self.raw_body, self._forwarded())
        except NoAnswerError as error:
            if self.deployments.fleet_of(endpoint_name) not in {None, fleet}:
                return self.invoke_endpoint()  # the fleet was exchanged between the choice and the request
            endpoint_invoked(endpoint_name, variant, status=0, seconds=time.monotonic() - began)
            reason = f"Your invocation timed out while waiting for a response from container {error.container}."
            return self._model_error(endpoint_name, 0, reason, error.container)
        endpoint_invoked(endpoint_name, variant, status=answer.status, seconds=time.monotonic() - began)
        return self._answer(endpoint_name, variant, answer)

    def _forwarded(self) -> dict[str, str]:
        return {name: self.headers[name] for name in FORWARDED_HEADERS if self.headers.get(name)}

    def _answer(self, endpoint_name: str, variant: str, answer: ContainerAnswer) -> TYPE_RESPONSE:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            return self._model_error(
                endpoint_name, answer.status, answer.data.decode(errors="replace"), answer.container
            )
        given = {"Content-Type": answer.headers.get("Content-Type", "application/octet-stream")}
        if attributes := answer.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            given["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        return 200, {**given, "x-Amzn-Invoked-Production-Variant": variant}, answer.data

    def _model_error(self, endpoint_name: str, status: int, original: str, container: str) -> TYPE_RESPONSE:
        side = "client" if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
        group = f"/aws/sagemaker/Endpoints/{endpoint_name}"
        message = (
            f'Received {side} error ({status}) from {container} with message "{original}". '
            f"See the log group {group} in account {self.current_account} for more information."
        )
        details = {
            "OriginalStatusCode": status,
            "OriginalMessage": original,
            "LogStreamArn": f"arn:aws:logs:{self.region}:{self.current_account}:log-group:{group}",
        }
        return _error("ModelError", MODEL_ERROR_STATUS, message, details)


def _error(code: str, status: int, message: str, details: dict[str, object] | None = None) -> TYPE_RESPONSE:
    # moto takes the status from the headers.
    headers: dict[str, str | int] = {"status": int(status), "Content-Type": "application/json"}
    if code:
        headers["x-amzn-ErrorType"] = code
    return int(status), headers, json.dumps({"Message": message, **(details or {})})
