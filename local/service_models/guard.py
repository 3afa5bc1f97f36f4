"""Stands before the AWS APIs: a request of a role that AWS would refuse for its form is refused here, in AWS's words.

What a person sends with the administrator's key is checked by that person's own client.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.model import StructureShape

from local.iam import denial
from local.iam.calls import Call, call_of, credential_of
from local.iam.gate import ADMINISTRATOR_KEY
from local.iam.sessions import SESSIONS
from local.service_models.constraints import Broken, broken_constraints, message_of, place_of
from local.service_models.decode import judged_members, operation_of, parameters_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

BAD_REQUEST = 400
# What a refusal for its form is called where no `Exception` follows; by protocol.
CODES = {"query": "ValidationError", "rest-xml": "InvalidArgument"}


@dataclass(frozen=True)
class Checked:
    """An operation that a role called, and whether every model's constraint was kept; None where no model knows it."""

    role: str
    service: str
    operation: str
    is_legal: bool | None


class LegalRequests:
    """The AWS APIs, for requests that their service models allow.

    record: gets a line for each operation and verdict that was not there before.
    """

    def __init__(self, application: WSGIApplication, record: Path) -> None:
        self._application = application
        self._record = record
        self._seen = set(_read(record))
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        credential = credential_of(environ)
        if credential is None or credential.access_key == ADMINISTRATOR_KEY:
            return self._application(environ, start_response)
        call = call_of(environ, credential.service)
        broken = judge(call, environ)
        session = SESSIONS.find(credential.access_key)
        role = session.role_arn.rpartition("/")[2] if session else ""
        self._note(Checked(role, call.service, str(call.operation), None if broken is None else not broken))
        if not broken:
            return self._application(environ, start_response)
        # The message may repeat a value, which has no business in a log.
        logger.warning("illegal request refused", extra={"service": call.service, "operation": call.operation})
        code = CODES.get(call.protocol, "Serialization" if broken[0].is_type else "Validation")
        response = denial.response(
            denial.Refusal(code, message_of(broken)),
            call.service,
            call.protocol,
            content_type=environ.get("CONTENT_TYPE", ""),
            head=environ.get("REQUEST_METHOD") == "HEAD",
        )
        response.status_code = BAD_REQUEST
        return response(environ, start_response)

    def _note(self, checked: Checked) -> None:
        with self._lock:
            if checked not in self._seen:
                self._seen.add(checked)
                with self._record.open("a") as stream:
                    stream.write(json.dumps(asdict(checked)) + "\n")


def _read(record: Path) -> Iterator[Checked]:
    """What was recorded before; a line that a crash left half written is left out."""
    for line in record.read_text().splitlines() if record.exists() else ():
        try:
            yield Checked(**json.loads(line))
        except (ValueError, TypeError):
            continue


def judge(call: Call, environ: WSGIEnvironment) -> list[Broken] | None:
    """Every constraint of the service model that a request breaks; None when no model knows the operation."""
    operation = operation_of(call)
    if operation is None:
        return None
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return []
    try:
        parameters = parameters_of(call, operation, shape, environ)
    except ValueError as error:
        return [Broken(f"the form of {call.operation} cannot be read: {error}", is_type=True)]
    members = judged_members(call, shape)
    if len(members) == len(shape.members):
        return list(broken_constraints(shape, parameters))
    given = ((name, member) for name, member in members.items() if name in parameters)
    return [each for name, member in given for each in broken_constraints(member, parameters[name], place_of(name))]
