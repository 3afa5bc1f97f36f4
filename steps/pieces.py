"""A large file as pieces: objects small enough to be held at once, read and written as the one file that they are."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from steps.csv_rows import GZIP_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from _typeshed import WriteableBuffer

# Small enough that nobody who holds a whole object needs much memory, large enough that requests do not count.
PIECE_BYTES = 8 * 1024 * 1024


def piece_name(number: int, suffix: str = "") -> str:
    """Name of a piece, counted from 0; names in order are pieces in order."""
    return f"piece-{number:05}{suffix}"


def pieces_of(folder: Path, pattern: str = "*") -> list[Path]:
    """The files of a folder in the order of their names; hidden ones do not count."""
    return sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))


def open_pieces(files: Sequence[Path]) -> BinaryIO:
    """Read files one after the other as one, unpacked when their first bytes say gzip."""
    stream = io.BufferedReader(_Joined(files))
    if stream.peek(2)[:2] == GZIP_MAGIC:
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    return cast("BinaryIO", stream)


def cut(stream: BinaryIO, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """A stream's bytes, in pieces of this many; one empty piece for an empty stream."""
    piece = stream.read(piece_bytes)
    yield piece
    while piece := stream.read(piece_bytes):
        yield piece


class PieceWriter:
    """Text written as UTF-8 into numbered files; a new one is begun between two writes when one is full."""

    def __init__(self, folder: Path, prefix: str, suffix: str, piece_bytes: int = PIECE_BYTES) -> None:
        self.names: list[str] = []
        self._folder, self._prefix, self._suffix = folder, prefix, suffix
        self._piece_bytes = piece_bytes
        self._file: BinaryIO | None = None
        self._written = 0

    def write(self, text: str) -> int:
        """Write a text that must not be parted."""
        full = self._written >= self._piece_bytes
        file = self._begin() if self._file is None or full else self._file
        data = text.encode()
        file.write(data)
        self._written += len(data)
        return len(text)

    def __enter__(self) -> Self:
        """Nothing is made before something is written."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the last file."""
        self.close()

    def close(self) -> None:
        """Close the last file."""
        if self._file is not None:
            self._file.close()

    def _begin(self) -> BinaryIO:
        self.close()
        self.names.append(f"{self._prefix}-{len(self.names):05}{self._suffix}")
        self._file = (self._folder / self.names[-1]).open("wb")
        self._written = 0
        return self._file


class _Joined(io.RawIOBase):
    """Files read one after the other; no more than one is open."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._left = list(files)
        self._file: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        while True:
            if self._file is None:
                if not self._left:
                    return 0
                self._file = self._left.pop(0).open("rb")
            data = self._file.read(len(view))
            if data:
                view[: len(data)] = data
                return len(data)
            self._file.close()
            self._file = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()
