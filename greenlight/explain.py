"""Every error a command can end with, turned into one sentence and an exit code."""

from __future__ import annotations

import errno

import botocore.exceptions
import requests

from greenlight.errors import CommandError, FaultError, StackNotUpError, WrongUseError
from greenlight.target import Target
from local.daemon import DaemonError, StartFailedError
from steps.errors import ReleaseError

# What a command may raise when the world, not the program, is at fault.
EXPECTED = (
    CommandError,
    DaemonError,
    ReleaseError,
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    requests.RequestException,
    OSError,
)
_UNREACHABLE = (
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ConnectionClosedError,
    botocore.exceptions.ConnectTimeoutError,
    requests.ConnectionError,
)
_NOT_CONFIGURED = (
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.NoRegionError,
    botocore.exceptions.ProfileNotFound,
)


def explain(error: Exception, target: Target | None) -> CommandError:
    """The error as the program tells it.

    target: None when the error came before there was one
    """
    match error:
        case CommandError():
            told = error
        case StartFailedError():
            told = FaultError(str(error))
        case DaemonError() | ReleaseError():
            told = WrongUseError(str(error))
        case _ if isinstance(error, _UNREACHABLE):
            told = _unreachable(error, target)
        case _ if isinstance(error, _NOT_CONFIGURED):
            told = WrongUseError(
                f"{str(error).rstrip('.')}; log in to AWS, or unset GREENLIGHT_TARGET to use the laptop"
            )
        case botocore.exceptions.ClientError():
            details = error.response.get("Error", {})
            said = f"{details.get('Code', 'unknown error')}: {details.get('Message', 'no message')}"
            told = FaultError(f"{error.operation_name} was refused ({said})")
        case OSError(errno=errno.ENOSPC):
            told = WrongUseError(f"the disk is full ({error.filename or error}); free some space and try again")
        case _:
            told = FaultError(f"{type(error).__name__}: {error}")
    return told


def _unreachable(error: Exception, target: Target | None) -> CommandError:
    if target is None or target.home is None:
        return FaultError(f"AWS cannot be reached ({error}); check the network and try again")
    return StackNotUpError(
        f"the stack is not up: nothing answers at {target.home.endpoint_url}; start it with `greenlight up`"
    )
