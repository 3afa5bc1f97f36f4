"""EvaluateModel: candidate and live version on the same held-back rows, as they are served.

Reads   --test DIR       test.csv (header `text,label`; class names)
        --candidate DIR  model.tar.gz
        --champion DIR   the live version's model.tar.gz; left out when nothing is live
        --recipe FILE    the recipe
Writes  --output DIR     report.json (MetricsReport)
                         predictions.csv (the candidate's answer to each row; row numbers, no texts)
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
from typing import TYPE_CHECKING

import numpy as np

from serving.saved_model import NoSavedModelError, SavedModel, find_saved_model
from steps.contracts import MetricsReport
from steps.errors import ArtifactMissingError
from steps.exit_message import own_error_as_exit_message
from steps.recipe import parse_recipe
from training.metrics import classification_metrics, confusion_counts, majority_accuracy
from training.text_classifier import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

logger = logging.getLogger("evaluate")

ARCHIVE = "model.tar.gz"
BATCH_SIZE = 256


class ModelArchiveError(Exception):
    """A model archive does not hold a model that can be served for this recipe."""


def unpack_model(archive: Path, folder: Path) -> Path:
    """Unpack an archive and return its SavedModel's folder, the highest numeric version.

    Members that point outside `folder`, links to outside and devices are refused.
    Raises ArtifactMissingError without an archive, ModelArchiveError when it holds no SavedModel.
    """
    if not archive.is_file():
        raise ArtifactMissingError(f"{archive.name} is missing in the folder '{archive.parent.name}'")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ModelArchiveError(f"{archive.name} cannot be unpacked: {error}") from error
    try:
        return find_saved_model(folder)
    except NoSavedModelError as error:
        raise ModelArchiveError(f"{archive.name} holds no <number>/saved_model.pb, so it cannot be served") from error


def predict(model_folder: Path, texts: Sequence[str], n_classes: int) -> NDArray[np.float64]:
    """Probabilities as the endpoint answers them: (texts, classes).

    Raises ModelArchiveError when the model answers anything but one finite probability a class.
    """
    model = SavedModel(model_folder)
    answers = [
        answer
        for start in range(0, len(texts), BATCH_SIZE)
        for answer in model.predict_rows(texts[start : start + BATCH_SIZE])
    ]
    probabilities: NDArray[np.float64] = np.array(answers, dtype=np.float64)
    if not np.isfinite(probabilities).all():
        raise ModelArchiveError("the model answers values that are no numbers; its training went wrong")
    if probabilities.shape != (len(texts), n_classes):
        raise ModelArchiveError(
            f"the model answers {probabilities.shape[-1]} values a text, but the recipe has {n_classes} classes"
        )
    return probabilities


def evaluate(folder: Path, texts: Sequence[str], n_classes: int) -> NDArray[np.float64]:
    """Probabilities of the model in a folder's archive."""
    with tempfile.TemporaryDirectory() as scratch:
        return predict(unpack_model(folder / ARCHIVE, Path(scratch)), texts, n_classes)


def write_predictions(
    file: Path, labels: NDArray[np.int64], probabilities: NDArray[np.float64], class_names: Sequence[str]
) -> None:
    """One line a test row: its number from 1, its label, the answer, a probability a class."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["row", "label", "answered", *(f"probability_{name}" for name in class_names)])
        for row, (label, values) in enumerate(zip(labels, probabilities, strict=True), start=1):
            answered = class_names[int(values.argmax())]
            writer.writerow([row, class_names[label], answered, *(f"{value:.6f}" for value in values)])


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
    class_names = recipe.data.class_names
    texts, labels = read_rows(args.test / "test.csv", class_names)
    candidate = evaluate(args.candidate, texts, len(class_names))
    champion = evaluate(args.champion, texts, len(class_names)) if args.champion else None
    report = MetricsReport(
        rows=len(texts),
        candidate=classification_metrics(candidate, labels),
        champion=None if champion is None else classification_metrics(champion, labels),
        majority_baseline_accuracy=majority_accuracy(labels),
        confusion=confusion_counts(candidate, labels),
        class_names=class_names,
    )
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "report.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
    write_predictions(args.output / "predictions.csv", labels, candidate, class_names)
    logger.info("%d rows, accuracy %.4f", report.rows, report.candidate["accuracy"])


if __name__ == "__main__":
    with own_error_as_exit_message():
        main()
