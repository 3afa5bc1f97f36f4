"""Keys of the prediction API: what is kept of one, and whether what a caller sends is one.

A key reads `gl_<name>_<secret>`. It is shown once; of the secret only the SHA-256 is kept. The name is no secret: it
finds the record, and it stands in the log beside what was asked with the key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from steps.contracts import Contract

NAME_PATTERN = r"[a-z0-9](-?[a-z0-9]){0,39}"
# 32 random bytes, as secrets.token_urlsafe writes them.
SECRET_BYTES = 32
_KEY = re.compile(rf"gl_(?P<name>{NAME_PATTERN})_(?P<secret>[A-Za-z0-9_-]{{43}})")
# Under this key of the release table lie all records, by name.
TABLE_KEY = "API_KEYS"


class ApiKey(Contract):
    """What is kept of a key."""

    name: str
    secret_sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    is_in_link: bool = Field(default=False, description="Stands in a link that signs a browser in; no other key may.")


def new_key(
    name: str, *, secret: str, now: datetime, lifetime: timedelta | None = None, is_in_link: bool = False
) -> tuple[ApiKey, str]:
    """The record to keep and the key to show.

    secret: secrets.token_urlsafe(SECRET_BYTES);  lifetime: None for a key that works until it is revoked
    Raises ValueError for a name that no key can have.
    """
    key = f"gl_{name}_{secret}"
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"a key cannot be named '{name}'; take at most 40 small letters, digits and single hyphens between them"
        )
    record = ApiKey(
        name=name,
        secret_sha256=_digest(secret),
        created_at=now,
        expires_at=now + lifetime if lifetime else None,
        is_in_link=is_in_link,
    )
    return record, key


def name_in(key: str) -> str | None:
    """The name in something that has the form of a key; None for anything else."""
    match = _KEY.fullmatch(key)
    return match["name"] if match else None


def key_state(record: ApiKey, now: datetime) -> Literal["active", "expired", "revoked"]:
    """Whether a key works just now."""
    if record.revoked_at is not None:
        return "revoked"
    return "expired" if record.expires_at is not None and record.expires_at <= now else "active"


def is_valid(key: str, record: ApiKey | None, now: datetime) -> bool:
    """Whether a key is the one of a record and works just now; it takes as long whatever is wrong with it.

    record: what is kept under the key's name, None when there is nothing
    """
    match = _KEY.fullmatch(key)
    kept = record.secret_sha256 if record else _digest("")
    is_same = hmac.compare_digest(_digest(match["secret"] if match else ""), kept)
    return match is not None and record is not None and is_same and key_state(record, now) == "active"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
