"""Calls the laptop's own AWS APIs in the words of a template."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.cloudformation.errors import ResourceError
from local.home import REGION

# The longest answer waited for is that of a custom resource's function, which may run for 15 minutes.
CONFIG = Config(connect_timeout=5, read_timeout=930, retries={"total_max_attempts": 1}, max_pool_connections=20)


class Clients:
    """boto3 clients for one endpoint, made when first needed."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._session: Any = boto3.Session(
            aws_access_key_id="laptop",
            aws_secret_access_key="laptop",  # noqa: S106 - any value signs
            region_name=REGION,
        )
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:  # noqa: ANN401 - one of boto3's many
        """The client of a service."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._session.client(service, endpoint_url=self._endpoint_url, config=CONFIG)
            return self._made[service]

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
        """Call an operation, named as in the API (`CreateTable`); parameters that are None are left out.

        A template writes numbers and truth values as text too, and the other way round; they become what the API takes.
        Raises ResourceError with the service's message.
        """
        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = getattr(client, xform_name(operation))(**conform(given, shape))
        except ClientError as error:
            raise ResourceError(f"{error.response['Error']['Message']} (Service: {service}, {operation})") from error
        except BotoCoreError as error:
            raise ResourceError(f"{error} (Service: {service}, {operation})") from error
        return dict(answer)

    def try_call(self, service: str, operation: str, missing: tuple[str, ...], **parameters: Any) -> None:  # noqa: ANN401
        """Call an operation that deletes, and be content when the service says that there is nothing to delete.

        missing: the error codes by which it says so
        """
        try:
            self.call(service, operation, **parameters)
        except ResourceError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or cause.response["Error"]["Code"] not in missing:
                raise


def conform(value: Any, shape: Shape | None) -> Any:  # noqa: ANN401
    """The value with the scalar types that the shape asks for."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {key: conform(each, shape.members.get(key)) for key, each in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [conform(each, shape.member) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: conform(each, shape.value) for key, each in value.items()}
    return _conform_scalar(value, shape.type_name if shape is not None else "")


def _conform_scalar(value: Any, kind: str) -> Any:  # noqa: ANN401
    if kind == "string" and isinstance(value, (bool, int, float)):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    if kind == "boolean" and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        if kind in {"integer", "long"}:
            return int(value)
        if kind in {"float", "double"}:
            return float(value)
    except ValueError:
        pass  # the service says what is wrong with it
    return value
