"""Train a text classifier that takes raw text and answers a probability a class or a label.

Reads   --train DIR, --validation DIR   train.csv and validation.csv: a column `text`, then `label` with class names,
                                        or for the task multi_label a column of 0 and 1 for each label
Writes  --model-dir DIR/1               a SavedModel; signature serving_default: (texts,) strings to
                                        (texts, classes) probabilities, in the order of --class_names
        --model-dir DIR                 learning_curve.json (LearningCurve)
        --model-dir DIR                 model_checks.json (ModelChecks)
        --output-data-dir DIR           training_report.json
Run     python -m training.text_classifier --train DIR --validation DIR --model-dir DIR --output-data-dir DIR
            --class_names '["negative", "positive"]' [--task multi_label]
            [--epochs 30 ...: see training/hyperparameters.py]

Folders default to those of a SageMaker training job (SM_CHANNEL_TRAIN and so on).
"""

from __future__ import annotations

import json
import logging
import platform
import sys
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from steps.learning_curve import write_learning_curve
from training.arguments import parse_arguments
from training.hyperparameters import HyperparameterError, Hyperparameters
from training.model_checks import SERVED_ROWS, ModelCheckError, answers_of, served_as_trained, write_checks
from training.prepared_rows import PreparedRows, TrainingDataError
from training.text_checks import rehearse
from training.text_model import Fitted, ServedClassifier, fit, untrained

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

logger = logging.getLogger("training")

# TensorFlow Serving wants a numeric version folder below the model's.
VERSION_FOLDER = "1"


class PreparedTexts:
    """The texts of a prepared file, read anew each time they are gone through."""

    def __init__(self, rows: PreparedRows) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[str]:
        return (str(row) for row in self._rows.inputs())


def read_targets(file: Path, task: str, class_names: Sequence[str]) -> tuple[PreparedTexts, NDArray[np.float32]]:
    """Texts, and (texts, outputs) with 1 where the class or label is right; rows of both kinds are needed for each."""
    rows = PreparedRows(file, task, class_names)
    answers = rows.answers()
    targets = answers if task == "multi_label" else np.eye(len(class_names))[answers]
    return PreparedTexts(rows), targets.astype(np.float32)


def train(
    texts: Iterable[str],
    targets: NDArray[np.float32],
    validation: tuple[Iterable[str], NDArray[np.float32]],
    *,
    one_is_right: bool,
    hyperparameters: Hyperparameters,
) -> tuple[ServedClassifier, Fitted]:
    """Fit on the training rows, stop by the validation rows; returns the best epoch's model and what it took.

    texts: gone through twice;  targets: (texts, outputs), as read_targets gives them
    one_is_right: of classes, not of labels
    """
    model, ids = untrained(texts, targets, one_is_right=one_is_right, hp=hyperparameters)
    return model, fit(model, ids, targets, validation, hp=hyperparameters)


def cross_entropies(history: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    """What Keras noted of each epoch, as training and validation loss."""
    return {"training": history["cross_entropy"], "validation": history["val_cross_entropy"]}


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a training job does."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    args, given = parse_arguments(argv, description="Train a text classifier.")
    hyperparameters = Hyperparameters.from_strings(given)
    class_names: list[str] = args.class_names
    texts, targets = read_targets(args.train / "train.csv", args.task, class_names)
    validation = read_targets(args.validation / "validation.csv", args.task, class_names)
    one_is_right = args.task != "multi_label"
    checks = rehearse(texts, targets, task=args.task, hyperparameters=hyperparameters)
    model, fitted = train(texts, targets, validation, one_is_right=one_is_right, hyperparameters=hyperparameters)
    tf.saved_model.save(model, str(args.model_dir / VERSION_FOLDER), signatures={"serving_default": model.__call__})
    write_learning_curve(args.model_dir, cross_entropies(fitted.history))
    asked = list(islice(validation[0], SERVED_ROWS))
    served = served_as_trained(model.probabilities(asked), answers_of(args.model_dir, asked))
    write_checks(args.model_dir, [*checks, fitted.loss, served])
    report: dict[str, Any] = {
        "rows": {"train": len(targets), "validation": len(validation[1])},
        "task": args.task,
        "class_names": class_names,
        "hyperparameters": asdict(hyperparameters),
        "history": fitted.history,
        "versions": {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__},
    }
    args.output_data_dir.mkdir(parents=True, exist_ok=True)
    (args.output_data_dir / "training_report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    logger.info("saved after %d epochs", len(fitted.history["loss"]))
    # A search among trainings reads this line.
    logger.info("objective validation_loss=%.6f", min(fitted.history["val_cross_entropy"]))


if __name__ == "__main__":
    try:
        main()
    except (HyperparameterError, ModelCheckError, TrainingDataError) as error:
        # The training toolkit repeats as the job's failure what follows the name of one of Python's own errors.
        sys.exit(f"ValueError: {error}")
