"""One way to ask any recipe's model, whatever its archive holds: a SavedModel or the parts of an inference pipeline.

Evaluation, batches and the server all ask through it, so that what is measured is what is served.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

from serving.saved_model import NoSavedModelError, SavedModel, find_saved_model
from serving.table_files import BOOSTER, SCHEMA, TRANSFORMER
from serving.unusable_input import UnusableInputError
from steps.answers import Output, Row


class NoModelError(FileNotFoundError):
    """The folder of an unpacked archive holds no model that can be served."""


class Model(Protocol):
    """A loaded model; safe for threads."""

    def predict(self, rows: Sequence[Row]) -> list[Output]:
        """One output for each row, in order; raises UnusableInputError when the rows are none of this model's."""


class TextModel:
    """A SavedModel whose `serving_default` takes texts and gives one list of numbers a text."""

    def __init__(self, folder: Path) -> None:
        self.saved_model = SavedModel(folder)

    def predict(self, rows: Sequence[Row]) -> list[Output]:
        """One output for each text, in order."""
        wrong = next((number for number, row in enumerate(rows) if not isinstance(row, str)), None)
        if wrong is not None:
            raise UnusableInputError(f"instances[{wrong}] is no text; this model reads one text a row")
        if not rows:
            return []
        answers = self.saved_model.predict_rows(rows)
        return [Output(values=_numbers(answer)) for answer in answers]


def load_model(folder: Path) -> Model:
    """The model of an unpacked archive, chosen by what lies there.

    Raises NoModelError when it is neither a SavedModel nor an inference pipeline's parts.
    """
    if (folder / TRANSFORMER).is_file() and (folder / BOOSTER).is_file():
        return _pipeline_model(folder)
    try:
        return TextModel(find_saved_model(folder))
    except NoSavedModelError as error:
        raise NoModelError(
            f"the archive holds neither <number>/saved_model.pb nor {TRANSFORMER} and {BOOSTER}, so it cannot be served"
        ) from error


def _pipeline_model(folder: Path) -> Model:
    from serving.pipeline_model import PipelineModel  # noqa: PLC0415 - whoever serves texts needs none of it

    # What skops, xgboost and json raise for files that are none of theirs, or that could run code.
    try:
        return PipelineModel(folder)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadZipFile) as error:
        raise NoModelError(f"{TRANSFORMER}, {BOOSTER} or {SCHEMA} cannot be loaded: {error}") from error


def _numbers(answer: object) -> list[float]:
    if not isinstance(answer, list) or not all(isinstance(value, int | float) for value in answer):
        raise UnusableInputError("the SavedModel must answer one list of numbers a text")
    return [float(value) for value in answer]
