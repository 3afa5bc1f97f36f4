"""One of the two models of an evaluation: unpacked, loaded and asked as it is served."""

from __future__ import annotations

import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.model import load_model
from serving.unusable_input import UnusableInputError
from steps.answers import NO_THRESHOLDS, read_answer
from steps.errors import ArtifactMissingError
from training.evaluation.measured_server import serve
from training.evaluation.resampling import MeasuredRows
from training.evaluation.thresholds import choose_thresholds
from training.metrics import answered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from numpy.typing import NDArray

    from serving.model import Model
    from steps.answers import Output
    from steps.recipe import Recipe
    from training.evaluation.measured_server import Server
    from training.prepared_rows import PreparedRows

ARCHIVE = "model.tar.gz"
BATCH_SIZE = 256


class ModelArchiveError(Exception):
    """A model archive does not hold a model that can be served for this recipe."""


@dataclass(frozen=True)
class AskedModel:
    """A model and what it answered to every test row.

    archive: the file;  folder: what it holds, unpacked
    outputs: (rows, outputs), the model's numbers;  thresholds: as in MetricsReport
    server: the process that serves it, too, where it can run
    """

    archive: Path
    folder: Path
    model: Model
    outputs: NDArray[np.float64]
    thresholds: Mapping[str, float]
    server: Server | None = None

    def measured(self, recipe: Recipe, answers: NDArray[Any]) -> MeasuredRows:
        """Its answers beside those that are right; answers: as PreparedRows.answers gives them."""
        given = answered(recipe.task, recipe.data.class_names, self.outputs, self.thresholds)
        return MeasuredRows(recipe.task, self.outputs, answers, given)


def ask_model(
    archive: Path,
    folder: Path,
    rows: PreparedRows,
    recipe: Recipe,
    *,
    servers: ExitStack,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
    validation: PreparedRows | None = None,
) -> AskedModel:
    """Unpack an archive into a folder, load the model in it, and ask it about every row.

    servers: ends the server that is started for it
    thresholds: those that it is known to answer by;  validation: rows on which they are chosen instead
    Raises as unpack, load and predict do.
    """
    unpack(archive, folder)
    # It loads in a process of its own while the rows are asked about here.
    server = servers.enter_context(serve(folder, recipe))
    model = load(archive, folder)
    if validation is not None:
        outputs = predict(model, validation, recipe)
        thresholds = choose_thresholds(recipe.task, recipe.data.class_names, outputs, validation.answers())
    return AskedModel(archive, folder, model, predict(model, rows, recipe), thresholds, server)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder.

    Members that point outside `folder`, links to outside and devices are refused.
    Raises ArtifactMissingError without an archive, ModelArchiveError when it cannot be unpacked.
    """
    if not archive.is_file():
        raise ArtifactMissingError(f"{archive.name} is missing in the folder '{archive.parent.name}'")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ModelArchiveError(f"{archive.name} cannot be unpacked: {error}") from error


def load(archive: Path, folder: Path) -> Model:
    """The model of an archive that was unpacked into a folder; raises ModelArchiveError when there is none."""
    try:
        return load_model(folder)
    except (OSError, UnusableInputError) as error:  # no model there, or one that cannot be read
        raise ModelArchiveError(f"{archive.name} cannot be served: {error}") from error


def predict(model: Model, rows: PreparedRows, recipe: Recipe) -> NDArray[np.float64]:
    """The model's numbers as the endpoint answers them: (rows, outputs).

    Raises ModelArchiveError when it answers anything but this recipe's probabilities or one number.
    """
    answers = []
    for batch in rows.batches(BATCH_SIZE):
        try:
            outputs = model.predict(batch)
        except UnusableInputError as error:
            raise ModelArchiveError(f"the model cannot answer this recipe's rows: {error}") from error
        _check_outputs(outputs, recipe)
        answers += [output.values for output in outputs]
    return np.array(answers, dtype=np.float64)


def _check_outputs(outputs: Sequence[Output], recipe: Recipe) -> None:
    names = recipe.data.class_names
    n_outputs = len(names) or 1
    for output in outputs:
        if not np.isfinite(output.values).all():
            raise ModelArchiveError("the model answers values that are no numbers; its training went wrong")
        if len(output.values) != n_outputs:
            wanted = {"multi_label": f"{n_outputs} labels", "regression": "one number"}
            raise ModelArchiveError(
                f"the model answers {len(output.values)} values a row, but the recipe has "
                f"{wanted.get(recipe.task, f'{n_outputs} classes')}"
            )
        if read_answer(recipe.task, names, output, NO_THRESHOLDS) is None:
            raise ModelArchiveError(
                "the model answers values that are no probabilities: each must lie between 0 and 1"
                + ("" if recipe.task == "multi_label" else ", and those of a row must add up to 1")
            )
