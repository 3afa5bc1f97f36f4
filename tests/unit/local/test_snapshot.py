from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from moto.sqs.models import sqs_backends

from local.home import ACCOUNT, REGION
from local.snapshot import Snapshots


class Writer:
    """Stands in for the state: says what it is told, or raises it."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)

    def write(self) -> tuple[bytes, Mapping[str, Callable[[], bytes]]]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer, {"digest": lambda: b"blob"}


@pytest.fixture(autouse=True)
def _no_backends(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(BackendDict, "_instances", [])
    sqs_backends.clear()
    yield
    sqs_backends.clear()


def snapshots(directory: Path, *answers: bytes | Exception) -> Snapshots:
    made = Snapshots(directory / "snapshot")
    if answers:
        made._writer = Writer(*answers)  # type: ignore[assignment]  # stands in for it
    return made


def saved(directory: Path) -> bytes:
    return (directory / "snapshot" / "state").read_bytes().partition(b"\n")[2]


def queue_names() -> list[str]:
    backend: Any = sqs_backends[ACCOUNT][REGION]
    return list(backend.queues)


def test_without_a_snapshot_the_stack_starts_empty_and_says_nothing(tmp_path: Path) -> None:
    new = snapshots(tmp_path)
    assert not new.restore()
    assert new.notes == []


def test_what_was_saved_is_restored(tmp_path: Path) -> None:
    sqs_backends[ACCOUNT][REGION].create_queue("kept", {})
    assert snapshots(tmp_path).save()
    sqs_backends.clear()
    assert snapshots(tmp_path).restore()
    assert queue_names() == ["kept"]


def test_a_state_that_does_not_stand_still_is_taken_at_the_next_attempt(tmp_path: Path) -> None:
    moving = RuntimeError("dictionary changed size during iteration")
    assert snapshots(tmp_path, moving, moving, b"state").save()
    assert saved(tmp_path) == b"state"


def test_a_state_that_cannot_be_taken_leaves_the_last_one(tmp_path: Path) -> None:
    assert snapshots(tmp_path, b"first").save()
    assert not snapshots(tmp_path, TypeError("cannot pickle")).save()
    assert saved(tmp_path) == b"first"


def test_an_unchanged_state_is_not_written_again(tmp_path: Path) -> None:
    twice = snapshots(tmp_path, b"same")
    twice.save()
    (tmp_path / "snapshot" / "state").unlink()
    assert twice.save()
    assert not (tmp_path / "snapshot" / "state").exists()


def test_changes_are_saved_after_a_moment_and_the_rest_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.snapshot.DELAY_SECONDS", 0.01)
    running = snapshots(tmp_path, b"first", b"second")
    running.start()
    running.changed()
    while not (tmp_path / "snapshot" / "state").exists():
        time.sleep(0.01)
    running.stop()
    assert saved(tmp_path) == b"second"


def test_a_snapshot_of_another_version_is_put_aside_with_its_version(tmp_path: Path) -> None:
    snapshots(tmp_path, b"state").save()
    state = tmp_path / "snapshot" / "state"
    stamp = json.loads(state.read_bytes().partition(b"\n")[0])
    state.write_bytes(json.dumps({**stamp, "format": 99}).encode() + b"\nstate")
    new = snapshots(tmp_path)
    assert not new.restore()
    assert "(format 99)" in new.notes[0]
    assert not state.exists()
    (aside,) = tmp_path.glob("snapshot-*")
    assert (aside / "blobs" / "digest").read_bytes() == b"blob"


def test_a_snapshot_without_one_of_its_blobs_is_put_aside(tmp_path: Path) -> None:
    sqs_backends[ACCOUNT][REGION].create_queue("kept", {}).large = b"x" * 100_000  # type: ignore[attr-defined]
    snapshots(tmp_path).save()
    (blob,) = (tmp_path / "snapshot" / "blobs").iterdir()
    blob.unlink()
    sqs_backends.clear()
    new = snapshots(tmp_path)
    assert not new.restore()
    assert queue_names() == []
    assert "could not be read" in new.notes[0]
