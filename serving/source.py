"""Fetches what shall be served, and loads nothing whose digest is not the card's."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from serving.model import Model, NoModelError, load_model
from serving.unusable_input import UnusableInputError
from steps.model_card import ModelCard

# `s3://bucket/key` and a file to write it to; raises SourceError.
Download = Callable[[str, Path], None]
MAX_CARD_BYTES = 1 << 20
MAX_UNPACKED_BYTES = 8 << 30
_CHUNK_BYTES = 1 << 20


class SourceError(Exception):
    """There is nothing to serve; the message says what is wrong and what to do."""


def read_card(uri: str, folder: Path, download: Download) -> ModelCard:
    """A model card. folder: where it may be kept. Raises SourceError."""
    file = fetch(uri, folder / "model_card.json", download)
    if file.stat().st_size > MAX_CARD_BYTES:
        raise SourceError(f"{uri} is no model card: it is larger than {MAX_CARD_BYTES} bytes")
    try:
        return ModelCard.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise SourceError(f"{uri} is no model card: {where}: {first['msg']}") from error


def load_verified(uri: str, card: ModelCard, folder: Path, download: Download) -> Model:
    """The model of an archive whose SHA-256 is the card's, or of a folder, which has none.

    folder: empty; receives what is unpacked and must live as long as the model
    Raises SourceError.
    """
    if "://" not in uri and Path(uri).is_dir():
        return _load(Path(uri), uri)
    archive = fetch(uri, folder / "model.tar.gz", download)
    digest = digest_of(archive)
    if digest != card.model_digest:
        raise SourceError(
            f"{uri} is not what was released: its SHA-256 is {digest}, and the card of version {card.model_version} "
            f"says {card.model_digest}; fetch it again, or serve the card that belongs to it"
        )
    unpacked = folder / "model"
    unpack(archive, unpacked)
    if archive.parent == folder:
        archive.unlink()
    return _load(unpacked, uri)


def fetch(uri: str, target: Path, download: Download) -> Path:
    """The file of a path, or of an object in S3 once it lies at target; raises SourceError."""
    if uri.startswith("s3://"):
        download(uri, target)
        return target
    if "://" in uri and not uri.startswith("file://"):
        raise SourceError(f"{uri} is neither a file nor an object in S3 (s3://bucket/key)")
    file = Path(uri.removeprefix("file://"))
    if not file.is_file():
        raise SourceError(f"there is no file {file}; give the path of one, or s3://bucket/key")
    return file


def digest_of(file: Path) -> str:
    """SHA-256 of a file."""
    whole = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            whole.update(chunk)
    return whole.hexdigest()


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz; raises SourceError when it is none, leaves the folder, or holds more than fits."""
    size = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if not (member.isfile() or member.isdir()):
                    raise SourceError(f"the archive holds '{member.name}', which is neither a file nor a folder")
                size += member.size
                if size > MAX_UNPACKED_BYTES:
                    raise SourceError(f"the archive holds more than {MAX_UNPACKED_BYTES} bytes")
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise SourceError(f"the archive cannot be unpacked: {error}") from error


def require_answers(model: Model, card: ModelCard) -> None:
    """Ask the model the card's own examples, so that what cannot answer is never reached, nor is the first slow.

    Raises SourceError.
    """
    from steps.predictions import NothingAnsweredError, answer_rows  # noqa: PLC0415

    if not card.examples:
        return
    try:
        answer_rows(card.examples, card, model.predict)
    except (NothingAnsweredError, UnusableInputError) as error:
        raise SourceError(f"the model does not answer the examples of its card: {error}") from error


def _load(folder: Path, uri: str) -> Model:
    try:
        return load_model(folder)
    except NoModelError as error:
        raise SourceError(f"{uri} cannot be served: {error}") from error
    except Exception as error:
        # Each framework has its own errors for files that are not its own.
        raise SourceError(f"{uri} cannot be loaded: {type(error).__name__}: {error}") from error
