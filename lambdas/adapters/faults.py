"""How long AWS clients wait, and which of their errors become which of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from steps.errors import ServiceRefusedError, ServiceUnavailableError

CLIENT_CONFIG: Final = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
# SageMaker lets a model think for 60 s; asking twice would only make a slow endpoint slower.
PREDICTION_CONFIG: Final = Config(connect_timeout=5, read_timeout=70, retries={"total_max_attempts": 1})
# A page waits for at most 30 s, behind an HTTP API.
PAGE_PREDICTION_CONFIG: Final = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1})

_BUSY_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "RequestTimeout",
        "SlowDown",
    }
)
_SERVER_ERROR = 500


def error_code(error: ClientError) -> str:
    """The service's name for an error, such as `NoSuchKey`."""
    return error.response.get("Error", {}).get("Code", "")


def error_message(error: ClientError) -> str:
    """The service's own words."""
    return error.response.get("Error", {}).get("Message", "")


@contextmanager
def service_faults(service: str) -> Iterator[None]:
    """Turn what botocore raises inside into ServiceUnavailableError or ServiceRefusedError."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        words = f"{service}, {error.operation_name}: {error_code(error)}: {error_message(error)}"
        if error_code(error) in _BUSY_CODES or status >= _SERVER_ERROR:
            raise ServiceUnavailableError(words) from error
        raise ServiceRefusedError(words) from error
    except ParamValidationError as error:
        raise ServiceRefusedError(f"{service}: {error}") from error
    except BotoCoreError as error:
        raise ServiceUnavailableError(f"{service}: {error}") from error
