from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from steps.api_keys import SECRET_BYTES, is_valid, key_state, name_in, new_key

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "s" * 43


def test_a_key_is_valid_and_its_record_does_not_hold_it() -> None:
    record, key = new_key("mobile-app", secret=SECRET, now=NOW)
    assert key == f"gl_mobile-app_{SECRET}"
    assert name_in(key) == "mobile-app"
    assert is_valid(key, record, NOW)
    assert SECRET not in record.model_dump_json()


def test_two_secrets_are_never_the_same_and_have_the_form_of_one() -> None:
    keys = {new_key("a", secret=secrets.token_urlsafe(SECRET_BYTES), now=NOW)[1] for _ in range(100)}
    assert len(keys) == 100


@pytest.mark.parametrize(
    "key",
    [
        "",
        "gl_mobile-app_",
        f"gl_mobile-app_{'x' * 43}",
        f"gl_other_{SECRET}",
        f"gl_mobile-app_{SECRET}s",
        f"gl_mobile-app_{SECRET}\n",
        f" gl_mobile-app_{SECRET}",
        SECRET,
    ],
)
def test_anything_else_is_not(key: str) -> None:
    record, _ = new_key("mobile-app", secret=SECRET, now=NOW)
    record_asked_for = record if name_in(key) == "mobile-app" else None
    assert not is_valid(key, record_asked_for, NOW)


def test_the_digest_of_nothing_opens_nothing() -> None:
    assert not is_valid("", None, NOW)
    assert not is_valid(f"gl_a_{SECRET}", None, NOW)


def test_a_key_ends_at_its_time() -> None:
    record, key = new_key("a", secret=SECRET, now=NOW, lifetime=timedelta(hours=1))
    assert is_valid(key, record, NOW + timedelta(minutes=59))
    assert not is_valid(key, record, NOW + timedelta(hours=1))
    assert key_state(record, NOW + timedelta(hours=1)) == "expired"


def test_a_revoked_key_is_refused() -> None:
    record, key = new_key("a", secret=SECRET, now=NOW)
    revoked = record.model_copy(update={"revoked_at": NOW})
    assert not is_valid(key, revoked, NOW)
    assert key_state(revoked, NOW) == "revoked"


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a--b", "a b", "ä", "a" * 41, "a\n"])
def test_a_name_that_no_key_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a key cannot be named"):
        new_key(name, secret=SECRET, now=NOW)
