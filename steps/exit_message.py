"""Hand a processing script's own error to SageMaker, which shows it as the job's ExitMessage."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE_FILE = Path("/opt/ml/output/message")
# SageMaker takes the first KB of the file.
MESSAGE_BYTES = 1024


@contextmanager
def own_error_as_exit_message(file: Path = MESSAGE_FILE) -> Iterator[None]:
    """Write the error that leaves the block into `file`, where there is a container's folder for it, and raise on."""
    try:
        yield
    except Exception as error:
        # Outside a container there is no such folder, and the traceback says it all.
        if file.parent.parent.is_dir():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(f"{type(error).__name__}: {error}".encode()[:MESSAGE_BYTES])
        raise
