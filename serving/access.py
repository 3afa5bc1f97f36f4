"""Who may ask: a server that others can reach needs keys, or somebody who says aloud that it shall be open."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import HTTPConnection

KEY_HEADER = "x-api-key"
KEY_COOKIE = "greenlight-key"
KEYS_VARIABLE = "GREENLIGHT_API_KEY_SHA256"
KEYS_FILE_VARIABLE = "GREENLIGHT_API_KEY_SHA256_FILE"
_DIGEST = re.compile(r"[0-9a-f]{64}")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class AccessError(Exception):
    """The server would be open to others by accident, or its keys make no sense; the message says what to do."""


@dataclass(frozen=True)
class Keys:
    """SHA-256 digests of the keys that let callers in, in hexadecimal; of the keys themselves nothing is kept."""

    digests: frozenset[str]

    def hold(self, key: str) -> bool:
        """Whether this is one of the keys; it takes as long whichever it is."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        return sum([hmac.compare_digest(digest, each) for each in self.digests]) > 0


def read_keys(environment: Mapping[str, str]) -> Keys | None:
    """The keys of KEYS_VARIABLE, or of the file that KEYS_FILE_VARIABLE names; None when neither is set.

    Both hold one or more SHA-256 digests between commas or white space. Raises AccessError.
    """
    listed = environment.get(KEYS_VARIABLE, "")
    file = environment.get(KEYS_FILE_VARIABLE, "")
    if listed and file:
        raise AccessError(f"{KEYS_VARIABLE} and {KEYS_FILE_VARIABLE} are both set; keep one")
    name = KEYS_FILE_VARIABLE if file else KEYS_VARIABLE
    if file:
        try:
            listed = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise AccessError(f"the file of {name} cannot be read: {error}") from error
    digests = [each.lower() for each in re.split(r"[\s,]+", listed) if each]
    if not digests and not file:
        return None
    if not digests or not all(_DIGEST.fullmatch(each) for each in digests):
        raise AccessError(f"{name} must hold SHA-256 digests of 64 digits from 0 to f each, never a key itself")
    return Keys(frozenset(digests))


def require_protection(host: str, keys: Keys | None, *, is_open: bool) -> None:
    """Raises AccessError when others could reach the server without a key and nobody said that they may."""
    if keys is None and not is_open and not is_loopback(host):
        raise AccessError(
            f"at {host} others could ask this server without a key. Set {KEYS_VARIABLE} to the SHA-256 of a key, "
            "stay at 127.0.0.1, or say --open if something before the server decides who may ask"
        )


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sent_key(connection: HTTPConnection) -> str:
    """What a program sent in the header, or a browser in the cookie that the page gave it; else empty."""
    return connection.headers.get(KEY_HEADER) or unquote(connection.cookies.get(KEY_COOKIE, ""))
