"""S3's "Object Created" events, with the contents that S3 gives them.

Through moto's own module (moto is pinned exactly). The laptop sends no other events of S3. Source: Amazon S3 user
guide, "EventBridge event message structure".
"""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from moto.s3 import notifications
from moto.s3.models import S3Backend

from local.home import ACCOUNT

# moto's FakeBucket and FakeKey.
AnyBucket: TypeAlias = Any
AnyKey: TypeAlias = Any
Emit: TypeAlias = Callable[[str, str, Mapping[str, Any], Iterable[str]], None]

REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}


class _Putting(threading.local):
    """Whether this thread puts an object as a part of another operation."""

    as_part = False


_putting = _Putting()


def install(emit: Emit) -> None:
    """Plug into moto; call it before anything is served.

    emit: takes source, detail type, detail and resources
    """

    def send(account_id: str, bucket: AnyBucket, event_name: str, key: AnyKey) -> None:
        del account_id
        # moto's names are members of an enumeration that are texts too.
        reason = REASONS.get(str(getattr(event_name, "value", event_name)))
        # moto copies and completes by putting, and would tell of both.
        if reason is not None and not (_putting.as_part and reason == "PutObject"):
            emit("aws.s3", "Object Created", _detail(bucket, key, reason), [bucket.arn])

    # moto has no other way in; it calls this for buckets whose events go to EventBridge.
    notifications._send_event_bridge_message = send
    for name in ("copy_object", "complete_multipart_upload"):
        setattr(S3Backend, name, _putting_as_part(getattr(S3Backend, name)))


def _putting_as_part(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def marked(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - hands through
        _putting.as_part = True
        try:
            return original(*args, **kwargs)
        finally:
            _putting.as_part = False

    return marked


def _detail(bucket: AnyBucket, key: AnyKey, reason: str) -> dict[str, Any]:
    stored = {
        "key": key.name,
        "size": key.size,
        "etag": key.etag.strip('"'),
        "sequencer": uuid.uuid4().hex[:18].upper(),
    }
    if bucket.is_versioned:
        stored["version-id"] = key.version_id
    return {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": stored,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    }
