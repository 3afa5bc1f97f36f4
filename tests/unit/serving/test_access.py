from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from serving.access import AccessError, Keys, is_loopback, read_keys, require_protection

DIGEST = hashlib.sha256(b"a key").hexdigest()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_nobody_else_reaches_this_machines_own_addresses(host: str) -> None:
    assert is_loopback(host)
    require_protection(host, None, is_open=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.com", ""])  # noqa: S104 - what is refused
def test_a_server_that_others_reach_needs_a_key_or_a_word(host: str) -> None:
    with pytest.raises(AccessError, match=r"others could ask this server without a key.*--open"):
        require_protection(host, None, is_open=False)
    require_protection(host, None, is_open=True)
    require_protection(host, Keys(frozenset({DIGEST})), is_open=False)


def test_keys_come_from_the_environment_or_a_file_as_digests(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{'0' * 64}\n{DIGEST}\n")
    for environment in (
        {"GREENLIGHT_API_KEY_SHA256": f"{'0' * 64}, {DIGEST.upper()}"},
        {"GREENLIGHT_API_KEY_SHA256_FILE": str(file)},
    ):
        keys = read_keys(environment)
        assert keys is not None
        assert keys.hold("a key")
        assert not keys.hold("another")
        assert not keys.hold("")
    assert read_keys({}) is None
    assert read_keys({"GREENLIGHT_API_KEY_SHA256": ""}) is None


def test_keys_that_protect_nothing_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "keys"
    empty.touch()
    for environment, message in (
        ({"GREENLIGHT_API_KEY_SHA256": "a key"}, "never a key itself"),
        ({"GREENLIGHT_API_KEY_SHA256_FILE": str(empty)}, "must hold SHA-256 digests"),
        ({"GREENLIGHT_API_KEY_SHA256_FILE": str(tmp_path / "none")}, "cannot be read"),
        ({"GREENLIGHT_API_KEY_SHA256": DIGEST, "GREENLIGHT_API_KEY_SHA256_FILE": str(empty)}, "keep one"),
    ):
        with pytest.raises(AccessError, match=message):
            read_keys(environment)
