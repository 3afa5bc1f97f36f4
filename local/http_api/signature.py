"""Checks the signature (AWS Signature Version 4) of a request to an API that asks for one."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request, "
    r"*SignedHeaders=(?P<headers>[^,]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
SERVICE = "execute-api"
TIMESTAMP = "%Y%m%dT%H%M%SZ"
CLOCK_SKEW = timedelta(minutes=5)


def is_signed(
    method: str, url: str, headers: Mapping[str, str], body: bytes, *, access_key: str, secret_key: str, region: str
) -> bool:
    """Whether a request carries a valid signature by the given key, not older or newer than five minutes.

    url: as the client wrote it;  headers: any case
    """
    given = {name.lower(): value for name, value in headers.items()}
    claimed = AUTHORIZATION.fullmatch(given.get("authorization", ""))
    timestamp = given.get("x-amz-date", "")
    if claimed is None or not _is_recent(timestamp):
        return False
    scope = (claimed["key"], claimed["region"], claimed["service"], claimed["date"])
    if scope != (access_key, region, SERVICE, timestamp[:8]):
        return False
    if given.get("x-amz-content-sha256", hashlib.sha256(body).hexdigest()) != hashlib.sha256(body).hexdigest():
        return False
    signed = claimed["headers"].split(";")
    if "host" not in signed or "x-amz-date" not in signed or any(name not in given for name in signed):
        return False
    request = AWSRequest(method, url, headers={name: given[name] for name in signed}, data=body)
    request.context["timestamp"] = timestamp
    signer = SigV4Auth(Credentials(access_key, secret_key), SERVICE, region)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return hmac.compare_digest(signer.signature(to_sign, request), claimed["signature"])


def _is_recent(timestamp: str) -> bool:
    try:
        signed_at = datetime.strptime(timestamp, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - signed_at) <= CLOCK_SKEW
