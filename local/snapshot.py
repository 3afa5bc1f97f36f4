"""What survives a restart: the state of all moto backends, written while the server runs and read when it starts.

On disk: snapshot/state     one line of JSON (the stamp), then one pickle of everything, replaced as a whole
         snapshot/blobs/    S3 bodies, Lambda packages and other large values, each once, named by its SHA-256
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import platform
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.state import StateWriter, read_state

logger = logging.getLogger(__name__)

# Raised whenever a class of ours whose objects are kept changes its attributes; a test compares them.
FORMAT = 3
# Waiting a little gathers the changes of one command, or of one state of a release, in one snapshot.
DELAY_SECONDS = 1.5
ATTEMPTS = 20
ATTEMPT_DELAY_SECONDS = 0.05


class Snapshots:
    """Saves the state a moment after it changed, and when it is asked to stop.

    directory: holds the snapshot;  notes: sentences for people about a state that could not be used.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer = StateWriter()
        self._saved: bytes | None = None
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._saving = threading.Lock()
        self._thread = threading.Thread(target=self._save_after_changes, name="snapshots", daemon=True)
        self.notes: list[str] = []

    def restore(self) -> bool:
        """Read the last snapshot into moto's backends; False when there is none that can be used.

        A snapshot of another version, or a damaged one, is moved aside and noted: the stack then starts empty.
        """
        state = self._directory / "state"
        if not state.exists():
            return False
        try:
            with state.open("rb") as file:
                stamp = json.loads(file.readline())
                if stamp != _stamp():
                    return self._put_aside(f"was written by {_named(stamp)}, which {_named(_stamp())} does not read")
                read_state(file.read(), self._blob)
        except Exception:  # whatever damaged state makes unpickling raise, the stack has to start
            logger.exception("snapshot unreadable")
            return self._put_aside("could not be read (the log has the reason)")
        logger.info("snapshot restored")
        return True

    def start(self) -> None:
        """Begin to save after changes."""
        self._thread.start()

    def changed(self) -> None:
        """Something may have changed; costs nothing."""
        self._changed.set()

    def stop(self) -> None:
        """Save what is not saved yet and end."""
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save()

    def save(self) -> bool:
        """Write the state now; False when it could not be taken, which the log explains."""
        with self._saving:
            for attempt in range(ATTEMPTS):
                try:
                    self._write(*self._writer.write())
                except RuntimeError:
                    # A request changed a dictionary while it was being read.
                    if attempt == ATTEMPTS - 1:
                        logger.exception("snapshot not taken: the state did not stand still")
                    time.sleep(ATTEMPT_DELAY_SECONDS)
                except Exception:  # the server must go on without a snapshot rather than end
                    logger.exception("snapshot not taken")
                    return False
                else:
                    return True
            return False

    def _save_after_changes(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait()
            self._stopping.wait(DELAY_SECONDS)
            self._changed.clear()
            if not self._stopping.is_set():
                self.save()

    def _write(self, pickled: bytes, blobs: Mapping[str, Callable[[], bytes]]) -> None:
        if pickled == self._saved:
            return
        started = time.monotonic()
        folder = self._directory / "blobs"
        folder.mkdir(parents=True, exist_ok=True)
        kept = {file.name for file in folder.iterdir()}
        for digest, read in blobs.items():
            if digest not in kept:
                _replace(folder / digest, read())
        _replace(self._directory / "state", json.dumps(_stamp()).encode() + b"\n" + pickled)
        self._saved = pickled
        for digest in kept - blobs.keys():
            (folder / digest).unlink()
        logger.debug("snapshot written", extra={"bytes": len(pickled), "seconds": time.monotonic() - started})

    def _blob(self, digest: str) -> bytes:
        return (self._directory / "blobs" / digest).read_bytes()

    def _put_aside(self, reason: str) -> bool:
        now = datetime.now(UTC)
        aside = self._directory.with_name(f"{self._directory.name}-{now:%Y%m%d-%H%M%S-%f}")
        self._directory.replace(aside)
        self.notes.append(f"The saved state {reason}. It is kept in {aside}, and the stack has started empty.")
        logger.warning("snapshot put aside", extra={"reason": reason, "kept": str(aside)})
        return False


def _stamp() -> dict[str, object]:
    # Code objects are part of a snapshot, and differ between versions of Python.
    python = ".".join(platform.python_version_tuple()[:2])
    return {"format": FORMAT, "moto": importlib.metadata.version("moto"), "python": python}


def _named(stamp: object) -> str:
    if isinstance(stamp, dict) and stamp.keys() == _stamp().keys():
        return f"moto {stamp['moto']} on Python {stamp['python']} (format {stamp['format']})"
    return "an unknown version"


def _replace(file: Path, content: bytes) -> None:
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(content)
    new.replace(file)
