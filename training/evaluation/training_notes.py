"""What a training script noted in the root of its archive, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from steps.learning_curve import LEARNING_CURVE, LearningCurve
from steps.model_checks import MODEL_CHECKS, ModelChecks
from training.evaluation.asked_model import ModelArchiveError

if TYPE_CHECKING:
    from pathlib import Path

    from steps.evaluation_report import Curve
    from steps.model_checks import ModelCheck

Document = TypeVar("Document", bound=BaseModel)


def learning_curves(folder: Path) -> list[Curve]:
    """Of an unpacked archive; none when its training noted none. Raises ModelArchiveError."""
    noted = _read(folder / LEARNING_CURVE, LearningCurve)
    return [] if noted is None else noted.curves


def model_checks(folder: Path) -> list[ModelCheck]:
    """Of an unpacked archive; none when its training made none. Raises ModelArchiveError."""
    noted = _read(folder / MODEL_CHECKS, ModelChecks)
    return [] if noted is None else noted.checks


def _read(file: Path, kind: type[Document]) -> Document | None:
    if not file.is_file():
        return None
    try:
        return kind.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ModelArchiveError(
            f"the archive's {file.name} is not what steps/{file.stem}.py describes: {where}: {first['msg']}"
        ) from error
