"""What a model archive from elsewhere may hold: the files of one SavedModel, and nothing that runs on its own.

An archive is read once, as a stream, so that neither its names nor its compression can do harm: nothing is written
outside the folder, and reading ends where the recipe's limit ends.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from steps.learning_curve import LEARNING_CURVE
from steps.model_checks import MODEL_CHECKS
from training.pickle_signs import pickle_sign

if TYPE_CHECKING:
    from typing import Self  # newer than the Python of a table's containers

MAX_FILES = 10_000
NAME_CHARACTERS = 255
# A header of tar's that is no file: a long name, or extended attributes.
HEADER_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20
# Enough to tell a pickle from anything else.
SIGN_BYTES = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"

# <number>/… of a SavedModel. Source: TensorFlow guide, "Using the SavedModel format", "The SavedModel format on disk".
LAYOUT = re.compile(
    r"saved_model\.pb|fingerprint\.pb|keras_metadata\.pb"
    r"|variables/variables\.(index|data-\d{5}-of-\d{5})|assets(\.extra)?/[^/]+"
)
# What our training scripts note beside it; an import reads neither.
NOTES = frozenset({PurePosixPath(MODEL_CHECKS), PurePosixPath(LEARNING_CURVE)})
LAYOUT_WORDS = "<number>/saved_model.pb with its variables/ and assets/"
_HEADERS = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE})
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


class ArchiveRefusedError(Exception):
    """An archive that may not be taken; the message is a sentence about what it is or holds."""


@dataclass(frozen=True)
class Unpacked:
    """What an archive held: its one SavedModel's folder, and how much."""

    model: Path
    files: int
    total_bytes: int


class _Header(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        # tarfile would read it into memory, whatever its size.
        if header.type in _HEADERS and header.size > HEADER_BYTES:
            raise ArchiveRefusedError(f"The archive has a header of {header.size:,} bytes; no name needs that much.")
        return header


class _Limited:
    """A stream that ends in a refusal where the limit is."""

    def __init__(self, stream: IO[bytes], limit: int, max_bytes: int) -> None:
        self._stream = stream
        self._left = limit
        self._max_bytes = max_bytes

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveRefusedError(too_large(self._max_bytes))
        return data


def too_large(max_bytes: int) -> str:
    """What is said of an archive whose files are too large together."""
    return (
        f"The archive unpacks to more than {max_bytes:,} bytes, the recipe's import_model.max_bytes; "
        "raise that limit if the model is really so large."
    )


def unpack_checked(archive: Path, folder: Path, *, max_bytes: int) -> Unpacked:
    """Unpack an archive into an empty folder, checking every member before it is written.

    max_bytes: largest sum of the unpacked files
    Raises ArchiveRefusedError.
    """
    with archive.open("rb") as raw:
        if raw.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
            raise ArchiveRefusedError(
                "The file is no gzip-compressed tar archive; pack the model's folder with `tar -czf model.tar.gz 1`."
            )
    try:
        with gzip.open(archive, "rb") as unzipped:
            # Each file may take a header and be filled up to a block, and the end is at most one record of zeros.
            limit = max_bytes + MAX_FILES * (4 * tarfile.BLOCKSIZE) + tarfile.RECORDSIZE
            return _unpack(_Limited(unzipped, limit, max_bytes), folder, max_bytes)  # type: ignore[arg-type]  # reads only
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ArchiveRefusedError(
            f"The archive is damaged or no tar archive ({error}); pack or download it again."
        ) from error


def _unpack(stream: _Limited, folder: Path, max_bytes: int) -> Unpacked:
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[PurePosixPath] = set()
    total = 0
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as tar:  # type: ignore[call-overload]  # reads only
        for member in tar:
            path = _checked(member)
            if member.isdir():
                continue
            total += member.size
            if total > max_bytes:
                raise ArchiveRefusedError(too_large(max_bytes))
            if path in seen:
                raise ArchiveRefusedError(f"The archive holds '{path}' twice; pack it again.")
            seen.add(path)
            if len(seen) > MAX_FILES:
                raise ArchiveRefusedError(f"The archive holds more than {MAX_FILES:,} files, and no SavedModel does.")
            content = tar.extractfile(member)
            if content is not None:
                _write(content, folder / path, path)
    while rest := stream.read(CHUNK_BYTES):
        if rest.strip(b"\0"):
            raise ArchiveRefusedError("The archive goes on after its end; pack the model's folder again.")
    return Unpacked(_only_model(folder, seen), len(seen), total)


def _checked(member: tarfile.TarInfo) -> PurePosixPath:
    """A member's place below the folder; raises ArchiveRefusedError when it may have none."""
    shown = _shown(member.name)
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise ArchiveRefusedError(f"The archive holds '{shown}', which would be written outside its folder.")
    if not (member.isfile() or member.isdir()):
        kind = _KINDS.get(member.type, "something unknown")
        raise ArchiveRefusedError(f"The archive holds '{shown}', {kind}; only files and folders may be in it.")
    if member.issparse():
        raise ArchiveRefusedError(f"The archive holds '{shown}', a file with holes; pack it without --sparse.")
    if not member.name.isprintable() or "\\" in member.name or len(member.name) > NAME_CHARACTERS:
        raise ArchiveRefusedError(f"The archive holds a file named '{shown}', which is no name of a model's file.")
    return path


def _write(content: IO[bytes], file: Path, path: PurePosixPath) -> None:
    first = content.read(SIGN_BYTES)
    sign = pickle_sign(path.name, first)
    if sign is not None:
        raise ArchiveRefusedError(
            f"The archive holds '{path}', {sign}; unpickling runs whatever code it names, so it is refused. "
            "Export the model as a SavedModel alone."
        )
    version, _, inner = path.as_posix().partition("/")
    if path not in NOTES and not (version.isdecimal() and version.isascii() and LAYOUT.fullmatch(inner)):
        raise ArchiveRefusedError(
            f"The archive holds '{path}', which is no part of a SavedModel ({LAYOUT_WORDS}); "
            "code and other files are refused, so pack the model's folder alone."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as target:
        target.write(first)
        while chunk := content.read(CHUNK_BYTES):
            target.write(chunk)


def _only_model(folder: Path, files: set[PurePosixPath]) -> Path:
    models = sorted(path.parent for path in files if path.name == "saved_model.pb" and len(path.parts) == 2)  # noqa: PLR2004 - a folder and the file
    versions = {path.parts[0] for path in files - NOTES}
    if not models:
        raise ArchiveRefusedError(
            "The archive holds no <number>/saved_model.pb, so there is no SavedModel to serve; "
            "save the model with tf.saved_model.save(model, '1') and pack the folder 1."
        )
    if len(versions) > 1:
        raise ArchiveRefusedError(f"The archive holds the versions {', '.join(sorted(versions))}; keep one of them.")
    return folder / models[0]


def _shown(name: str) -> str:
    """A name for people, however it was meant to look."""
    return name[:100].encode("unicode_escape").decode("ascii")
