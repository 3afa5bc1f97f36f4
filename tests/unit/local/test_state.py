from __future__ import annotations

import pickle
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pytest
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey

from local.home import ACCOUNT, REGION
from local.state import BLOB_BYTES, StateWriter, read_state


class Note:
    def __init__(self, text: str) -> None:
        self.text = text


class NoteBackend(BaseBackend):
    """A backend of the kind that moto's services have, to hold any value."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.kept: Any = None


note_backends = BackendDict(NoteBackend, "notes", use_boto3_regions=False, additional_regions=[REGION])


@pytest.fixture(autouse=True)
def _no_other_backends(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(BackendDict, "_instances", [])
    note_backends.clear()
    yield
    note_backends.clear()


def after_restart(kept: Any) -> Any:
    """What a backend holds after its state was written, lost and read again."""
    note_backends[ACCOUNT][REGION].kept = kept
    pickled, blobs = StateWriter().write()
    written = {digest: read() for digest, read in blobs.items()}
    note_backends.clear()
    read_state(pickled, written.__getitem__)
    return note_backends[ACCOUNT][REGION].kept


def test_a_value_that_two_hold_is_one_value_afterwards() -> None:
    note = Note("shared")
    first, second = after_restart([note, {"same": note}])
    assert first is second["same"]
    assert first.text == "shared"


def test_a_reference_to_the_backend_leads_to_the_new_backend() -> None:
    kept = after_restart(
        {"backend": note_backends[ACCOUNT][REGION], "all": note_backends, "mine": note_backends[ACCOUNT]}
    )
    assert kept["backend"] is note_backends[ACCOUNT][REGION]
    assert kept["all"] is note_backends
    assert kept["mine"] is note_backends[ACCOUNT]


def test_locks_and_threads_are_made_anew() -> None:
    lock, condition = threading.Lock(), threading.Condition()
    past, future = threading.Event(), threading.Event()
    past.set()
    thread = threading.Thread(target=future.wait)
    lock.acquire()
    kept = after_restart([lock, threading.RLock(), condition, past, future, thread])
    assert kept[0].acquire(blocking=False)
    assert kept[1].acquire(blocking=False)
    with kept[2]:
        assert [event.is_set() for event in kept[3:5]] == [True, False]
    assert kept[5] is None


def test_a_default_made_by_a_lambda_is_kept() -> None:
    kept = after_restart(defaultdict(lambda: {"fresh": True}, a={}))
    assert kept["b"] == {"fresh": True}
    assert kept["a"] == {}


def test_a_weak_dictionary_keeps_what_others_hold() -> None:
    note = Note("held")
    kept = after_restart([note, WeakValueDictionary({"n": note})])
    assert kept[1]["n"] is kept[0]


@pytest.mark.parametrize("size", [0, 1, BLOB_BYTES - 1, BLOB_BYTES, 3 * BLOB_BYTES])
def test_a_stored_object_keeps_its_body_and_description(size: int) -> None:
    body = b"x" * size
    key = FakeKey("name", body, ACCOUNT, REGION)
    key.set_metadata({"owner": "team"})
    kept = after_restart(key)
    assert (kept.value, kept.size, kept.etag) == (body, size, key.etag)
    assert kept.metadata["owner"] == "team"


def test_large_values_stay_out_of_the_pickle_and_are_kept_once() -> None:
    body = b"y" * BLOB_BYTES
    note_backends[ACCOUNT][REGION].kept = [body, FakeKey("name", body, ACCOUNT, REGION), bytes(bytearray(body))]
    pickled, blobs = StateWriter().write()
    assert len(pickled) < BLOB_BYTES
    assert [read() for read in blobs.values()] == [body]


def test_a_body_that_is_known_is_not_read_again() -> None:
    key = FakeKey("name", b"z" * BLOB_BYTES, ACCOUNT, REGION)
    note_backends[ACCOUNT][REGION].kept = key
    writer = StateWriter()
    _, first = writer.write()
    key._value_buffer.close()
    _, second = writer.write()
    assert second.keys() == first.keys()


def test_a_value_that_cannot_be_kept_is_an_error_not_a_loss(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        note_backends[ACCOUNT][REGION].kept = file
        with pytest.raises(TypeError, match="cannot pickle"):
            StateWriter().write()


def test_a_state_that_cannot_be_read_changes_nothing() -> None:
    note_backends[ACCOUNT][REGION].kept = "old"
    pickled, _ = StateWriter().write()
    note_backends[ACCOUNT][REGION].kept = "new"
    with pytest.raises((pickle.UnpicklingError, EOFError)):
        read_state(pickled[:-10], dict[str, bytes]().__getitem__)
    assert note_backends[ACCOUNT][REGION].kept == "new"
