"""Refusals in the words and the form of each service's protocol.

Sources: IAM user guide, "Troubleshoot access denied error messages"; API references, "Common errors"; forms as
botocore's parsers read them.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from local.iam.calls import CBOR

TEXT, MAP = 0x60, 0xA0
LONG = 25  # the two bytes that follow say how long


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused. code: as JSON services name it, without `Exception`."""

    code: str
    message: str


UNSIGNED = Refusal("MissingAuthenticationToken", "Missing Authentication Token")
UNKNOWN_KEY = Refusal("UnrecognizedClient", "The security token included in the request is invalid.")
S3_UNKNOWN_KEY = Refusal("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")


def access_denied(caller: str, action: str, resource: str, reason: str) -> Refusal:
    """The refusal of an action; reason is the end of the sentence."""
    on = f" on resource: {resource}" if resource != "*" else ""
    return Refusal("AccessDenied", f"User: {caller} is not authorized to perform: {action}{on} {reason}")


def response(refusal: Refusal, service: str, protocol: str, *, content_type: str = "", head: bool = False) -> Response:
    """The answer by which a service refuses.

    content_type: of the request, whose JSON version the answer has;  head: the answer has no body
    """
    request_id = str(uuid.uuid4())
    if service == "s3":
        given = S3_UNKNOWN_KEY if refusal is UNKNOWN_KEY else refusal
        code = "AccessDenied" if refusal is UNSIGNED else given.code
        text = "Access Denied" if refusal is UNSIGNED else given.message
        body = f"<Error><Code>{code}</Code><Message>{escape(text)}</Message><RequestId>{request_id}</RequestId></Error>"
        return Response(
            b"" if head else _xml(body), 403, {"x-amz-request-id": request_id}, content_type="application/xml"
        )
    if protocol == "query":
        code = "InvalidClientTokenId" if refusal is UNKNOWN_KEY else refusal.code
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(refusal.message)}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
        return Response(_xml(body), 403, content_type="text/xml")
    name, headers = (
        f"{refusal.code}Exception",
        {"x-amzn-requestid": request_id, "x-amzn-errortype": f"{refusal.code}Exception"},
    )
    if protocol == CBOR:
        encoded = bytes([MAP | 2]) + b"".join(map(_cbor, ("__type", name, "message", refusal.message)))
        return Response(encoded, 400, {**headers, "smithy-protocol": "rpc-v2-cbor"}, content_type="application/cbor")
    if protocol == "json":
        document = {"__type": name, "message": refusal.message, "Message": refusal.message}
        return Response(json.dumps(document), 400, headers, content_type=content_type or "application/x-amz-json-1.1")
    return Response(json.dumps({"Message": refusal.message}), 403, headers, content_type="application/json")


def _xml(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


def _cbor(text: str) -> bytes:
    encoded = text.encode()
    return bytes([TEXT | LONG]) + len(encoded).to_bytes(2, "big") + encoded
