"""EvaluateModel: candidate and live version on the same held-back rows, as they are served.

Reads   --test DIR       test.csv, as Preprocess wrote it
        --candidate DIR  model.tar.gz
        --champion DIR   the live version's model.tar.gz; left out when nothing is live
        --recipe FILE    the recipe
Writes  --output DIR     report.json (MetricsReport)
                         predictions.csv (the candidate's answer to each row; row numbers, no inputs)
                         evaluated_rows.json (EvaluatedRows: a few rows that the endpoint must answer alike)
Run     python -m training.evaluate_model --test DIR --candidate DIR [--champion DIR] --recipe FILE --output DIR
"""

from __future__ import annotations

import argparse
import csv
import logging
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.model import load_model
from serving.unusable_input import UnusableInputError
from steps.answers import LABEL_THRESHOLD, Output, read_answer
from steps.errors import ArtifactMissingError
from steps.evaluated_rows import EVALUATED_ROWS, choose_rows
from steps.evaluation_report import MetricsReport
from steps.exit_message import own_error_as_exit_message
from steps.recipe import Recipe, parse_recipe
from training.metrics import (
    classification_metrics,
    confusion_counts,
    label_metrics,
    majority_accuracy,
    metrics_per_label,
    number_metrics,
)
from training.prepared_rows import PreparedRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from serving.model import Model

logger = logging.getLogger("evaluate")

ARCHIVE = "model.tar.gz"
BATCH_SIZE = 256


class ModelArchiveError(Exception):
    """A model archive does not hold a model that can be served for this recipe."""


def unpack_model(archive: Path, folder: Path) -> Model:
    """Unpack an archive into a folder and load what it holds.

    Members that point outside `folder`, links to outside and devices are refused.
    Raises ArtifactMissingError without an archive, ModelArchiveError when it holds no model.
    """
    if not archive.is_file():
        raise ArtifactMissingError(f"{archive.name} is missing in the folder '{archive.parent.name}'")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ModelArchiveError(f"{archive.name} cannot be unpacked: {error}") from error
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
        if read_answer(recipe.task, names, output) is None:
            raise ModelArchiveError(
                "the model answers values that are no probabilities: each must lie between 0 and 1"
                + ("" if recipe.task == "multi_label" else ", and those of a row must add up to 1")
            )


def evaluate(folder: Path, rows: PreparedRows, recipe: Recipe) -> NDArray[np.float64]:
    """Numbers of the model in a folder's archive."""
    with tempfile.TemporaryDirectory() as scratch:
        return predict(unpack_model(folder / ARCHIVE, Path(scratch)), rows, recipe)


def measure(task: str, outputs: NDArray[np.float64], answers: NDArray[Any]) -> dict[str, float]:
    """The task's metrics of what a model answered: (rows, outputs), held against the rows' answers."""
    if task == "regression":
        return number_metrics(outputs[:, 0], answers)
    return label_metrics(outputs, answers) if task == "multi_label" else classification_metrics(outputs, answers)


def report_on(
    recipe: Recipe, answers: NDArray[Any], candidate: NDArray[np.float64], champion: NDArray[np.float64] | None
) -> MetricsReport:
    """What was measured of both."""
    names = recipe.data.class_names
    is_number, is_labels = recipe.task == "regression", recipe.task == "multi_label"
    return MetricsReport(
        rows=len(answers),
        candidate=measure(recipe.task, candidate, answers),
        champion=None if champion is None else measure(recipe.task, champion, answers),
        majority_baseline_accuracy=None if is_number else majority_accuracy(answers),
        confusion=[] if is_number or is_labels else confusion_counts(candidate, answers),
        class_names=names,
        mean_baseline_root_mean_squared_error=float(answers.std()) if is_number else None,
        per_label=metrics_per_label(candidate, answers, names) if is_labels else {},
    )


def write_predictions(file: Path, recipe: Recipe, answers: NDArray[Any], outputs: NDArray[np.float64]) -> None:
    """One line a test row: its number from 1, what was to be answered, what was, and a probability for each name."""
    names = recipe.data.class_names
    probabilities = [f"probability_{name}" for name in names]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if recipe.task == "regression":
            writer.writerow(["row", *recipe.data.answer_columns, "answered"])
            writer.writerows(_numbered([target, value] for target, (value,) in zip(answers, outputs, strict=True)))
        elif recipe.task == "multi_label":
            writer.writerow(["row", *names, *(f"answered_{name}" for name in names), *probabilities])
            marks = (outputs >= LABEL_THRESHOLD).astype(np.int64)
            writer.writerows(
                _numbered(
                    [*labels, *answered, *_rounded(values)]
                    for labels, answered, values in zip(answers, marks, outputs, strict=True)
                )
            )
        else:
            writer.writerow(["row", "label", "answered", *probabilities])
            writer.writerows(
                _numbered(
                    [names[label], names[int(values.argmax())], *_rounded(values)]
                    for label, values in zip(answers, outputs, strict=True)
                )
            )


def _numbered(lines: Iterable[list[Any]]) -> Iterator[list[Any]]:
    return ([row, *line] for row, line in enumerate(lines, start=1))


def _rounded(values: NDArray[np.float64]) -> list[str]:
    return [f"{value:.6f}" for value in values]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step on folders, as a processing container does."""
    parser = argparse.ArgumentParser(description="Measure a candidate and the live version on the same rows.")
    parser.add_argument("--test", type=Path, required=True, help="folder with test.csv")
    parser.add_argument("--candidate", type=Path, required=True, help="folder with model.tar.gz")
    parser.add_argument("--champion", type=Path, help="folder with the live version's model.tar.gz")
    parser.add_argument("--recipe", type=Path, required=True, help="recipe.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = parse_recipe(args.recipe.read_text(encoding="utf-8"), where=str(args.recipe))
    features = recipe.data.features
    numeric = None if features is None else features.numeric
    rows = PreparedRows(args.test / "test.csv", recipe.task, recipe.data.class_names, numeric)
    answers = rows.answers()
    candidate = evaluate(args.candidate, rows, recipe)
    champion = evaluate(args.champion, rows, recipe) if args.champion else None
    report = report_on(recipe, answers, candidate, champion)
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "report.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
    write_predictions(args.output / "predictions.csv", recipe, answers, candidate)
    evaluated = choose_rows(rows.inputs(), candidate.tolist(), recipe.smoke.evaluated_rows)
    (args.output / EVALUATED_ROWS).write_text(evaluated.model_dump_json(), encoding="utf-8")
    measured = ", ".join(f"{name} {value:.4f}" for name, value in report.candidate.items())
    logger.info("%d rows: %s", report.rows, measured)


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
