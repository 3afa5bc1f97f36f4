"""Train a table's model: scikit-learn transformers and an xgboost booster, served as an inference pipeline.

Reads   --train DIR, --validation DIR   train.csv and validation.csv (the model's columns, then the answers)
        --schema DIR                    schema.json (the recipe's data.features)
Writes  --model-dir DIR                 transformer.skops, booster.ubj, schema.json and code/, which serves them;
                                        learning_curve.json (LearningCurve), model_checks.json (ModelChecks)
        --output-data-dir DIR           training_report.json
Run     python -m training.table_model --train DIR --validation DIR --schema DIR --model-dir DIR
            --output-data-dir DIR --task regression --class_names '[]' [--max_depth 4 ...: see table_hyperparameters.py]

Folders default to those of a SageMaker training job (SM_CHANNEL_TRAIN and so on). Its image has Python 3.10.
"""

from __future__ import annotations

import argparse
import ast
import json
import logging
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from serving.table_rows import Schema
from serving.table_transformer import CATEGORICAL, NUMERIC, TableTransformer
from steps.learning_curve import write_learning_curve
from training.hyperparameters import HyperparameterError
from training.model_checks import (
    SERVED_ROWS,
    ModelCheckError,
    answers_of,
    loss_falls,
    served_as_trained,
    write_checks,
)
from training.prepared_rows import TrainingDataError
from training.table_archive import write_archive
from training.table_checks import answers, first_rows, loss_of, rehearse, rows_of
from training.table_data import Table, joined, read_table
from training.table_hyperparameters import TableHyperparameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from training.table_checks import Fit

logger = logging.getLogger("training")

TASKS = ("binary", "multi_class", "multi_label", "regression")
OBJECTIVES = {
    "binary": ("binary:logistic", "logloss"),
    "multi_class": ("multi:softprob", "mlogloss"),
    "multi_label": ("binary:logistic", "logloss"),
    "regression": ("reg:squarederror", "rmse"),
}
# Rows that are transformed at once: the booster keeps a byte or two of each number, a matrix would keep four.
CHUNK_ROWS = 50_000
ROWS_FOR_THREADS = 20_000
LOGGED_EVERY_ROUNDS = 200
# Training rows, the first ones, on which the loss is looked at before and after.
LOSS_ROWS = 2048


class Chunks(xgboost.DataIter):
    """A table's rows for the booster, transformed chunk by chunk."""

    def __init__(self, transformer: TableTransformer, table: Table, answers: NDArray[np.float64]) -> None:
        super().__init__()
        self._transformer = transformer
        self._table = table
        self._answers = answers
        self._start = 0

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over the next chunk; False when there is none."""
        if self._start >= len(self._table):
            return False
        rows = slice(self._start, self._start + CHUNK_ROWS)
        input_data(data=self._transformer.matrix(self._table.frame.iloc[rows]), label=self._answers[rows])
        self._start += CHUNK_ROWS
        return True

    def reset(self) -> None:
        """Begin again."""
        self._start = 0


class _Progress(xgboost.callback.TrainingCallback):
    """A line now and then."""

    def after_iteration(self, _model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401 - xgboost's
        if (epoch + 1) % LOGGED_EVERY_ROUNDS == 0:
            losses = " ".join(f"{name}={values[-1]:.4f}" for log in evals_log.values() for name, values in log.items())
            logger.info("tree %d %s", epoch + 1, losses)
        return False


def fit_transformer(frame: pd.DataFrame, schema: Schema, max_categories: int) -> Any:  # noqa: ANN401 - scikit-learn's
    """Medians for missing numbers; a feature for each category, no value being one of its own."""
    numeric = SimpleImputer(strategy="median", keep_empty_features=True)
    categorical = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=max_categories, sparse_output=False, dtype=np.float32
    )
    parts = [(NUMERIC, numeric, list(schema.numeric)), (CATEGORICAL, categorical, list(schema.categorical))]
    return ColumnTransformer([part for part in parts if part[2]]).fit(frame)


def train(
    training: Table,
    validation: Table,
    schema: Schema,
    *,
    task: str,
    n_classes: int,
    hyperparameters: TableHyperparameters,
) -> tuple[Any, Any, dict[str, float], dict[str, list[float]]]:
    """Fit transformers and booster, stop by the validation rows; returns both, what was measured, and the losses.

    The losses are those of the training and of the validation rows after each tree.

    Raises TrainingDataError when log_target is asked for a target of -1 or less.
    """
    hp = hyperparameters
    fitted = fit_transformer(training.frame, schema, hp.max_categories)
    transformer = TableTransformer(fitted, schema)
    rows = _matrix(transformer, training, task, hp)
    held_out = _matrix(transformer, validation, task, hp, reference=rows)
    logger.info("%d training rows, %d features", len(training), rows.num_col())
    losses: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        _parameters(task, n_classes, len(training), hp),
        rows,
        num_boost_round=hp.num_boost_round,
        # The last is the one by which training stops.
        evals=[(rows, "training"), (held_out, "validation")],
        evals_result=losses,
        callbacks=[
            xgboost.callback.EarlyStopping(rounds=hp.early_stopping_rounds, save_best=True),
            _Progress(),
        ],
        verbose_eval=False,
    )
    measured = {"trees": booster.num_boosted_rounds(), "validation_loss": float(booster.best_score)}
    if hp.refit:
        both = joined(training, validation)
        fitted = fit_transformer(both.frame, schema, hp.max_categories)
        rows = _matrix(TableTransformer(fitted, schema), both, task, hp)
        booster = xgboost.train(
            _parameters(task, n_classes, len(both), hp), rows, num_boost_round=int(measured["trees"])
        )
    _, loss = OBJECTIVES[task]
    return fitted, booster, measured, {name: each[loss] for name, each in losses.items()}


def _fit_few(schema: Schema, task: str, n_classes: int) -> Fit:
    """Trains on some rows for some rounds, and stops for nothing."""

    def fit(rows: Table, hp: TableHyperparameters, rounds: int) -> Callable[[Table], NDArray[np.float64]]:
        transformer = TableTransformer(fit_transformer(rows.frame, schema, hp.max_categories), schema)
        parameters = _parameters(task, n_classes, len(rows), hp)
        booster = xgboost.train(parameters, _matrix(transformer, rows, task, hp), num_boost_round=rounds)
        return answers(transformer, booster, task, log_target=hp.log_target)

    return fit


def _matrix(
    transformer: TableTransformer,
    table: Table,
    task: str,
    hp: TableHyperparameters,
    reference: Any = None,  # noqa: ANN401 - xgboost's
) -> Any:  # noqa: ANN401
    answers = table.answers
    if task == "regression" and hp.log_target:
        if answers.min() <= -1:
            raise TrainingDataError(
                f"log_target is true, but the target has values down to {answers.min():g}; its logarithm needs numbers "
                "above -1, so set log_target to false"
            )
        answers = np.log1p(answers)
    return xgboost.QuantileDMatrix(Chunks(transformer, table, answers), ref=reference)


def _parameters(task: str, n_classes: int, rows: int, hp: TableHyperparameters) -> dict[str, Any]:
    # Threads wait for each other after every level of a tree, which takes longer than a few rows.
    threads = os.cpu_count() if rows >= ROWS_FOR_THREADS else 1
    objective, metric = OBJECTIVES[task]
    return {
        "objective": objective,
        "eval_metric": metric,
        **({"num_class": n_classes} if task == "multi_class" else {}),
        "tree_method": "hist",
        "seed": hp.seed,
        "nthread": threads,
        **{
            name: getattr(hp, name)
            for name in (
                "learning_rate",
                "max_depth",
                "min_child_weight",
                "subsample",
                "colsample_bytree",
                "reg_lambda",
            )
        },
    }


def _class_names(text: str) -> list[str]:
    """The training toolkit hands a list over as Python writes it, a person as JSON; both are literals."""
    names = ast.literal_eval(text)
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ValueError
    return names


def parse_arguments(argv: Sequence[str] | None) -> tuple[argparse.Namespace, TableHyperparameters]:
    """Folders, task and class names, and all other `--name value` pairs as hyperparameters."""
    environment = os.environ
    parser = argparse.ArgumentParser(description="Train a table's model.", allow_abbrev=False)
    parser.add_argument("--train", type=Path, default=environment.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", type=Path, default=environment.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--schema", type=Path, default=environment.get("SM_CHANNEL_SCHEMA"))
    parser.add_argument("--model-dir", type=Path, default=environment.get("SM_MODEL_DIR"))
    parser.add_argument("--output-data-dir", type=Path, default=environment.get("SM_OUTPUT_DATA_DIR"))
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--class_names", type=_class_names, default=[], help='such as \'["no", "yes"]\'')
    args, rest = parser.parse_known_args(argv)
    for name in ("train", "validation", "schema", "model_dir", "output_data_dir"):
        if getattr(args, name) is None:
            parser.error(f"--{name.replace('_', '-')} is needed outside a training job")
    if len(rest) % 2 or not all(name.startswith("--") for name in rest[::2]):
        parser.error(f"hyperparameters are given as --name value, not as {' '.join(rest)}")
    return args, TableHyperparameters.from_strings({n[2:]: v for n, v in zip(rest[::2], rest[1::2], strict=True)})


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a training job does."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    args, hyperparameters = parse_arguments(argv)
    class_names: list[str] = args.class_names
    schema = Schema.read(args.schema / "schema.json")
    training = read_table(args.train / "train.csv", schema, args.task, class_names)
    validation = read_table(args.validation / "validation.csv", schema, args.task, class_names)
    few, n_classes = _fit_few(schema, args.task, len(class_names)), len(class_names)
    checks = rehearse(few, training, task=args.task, n_classes=n_classes, hyperparameters=hyperparameters)
    fitted, booster, measured, losses = train(
        training, validation, schema, task=args.task, n_classes=n_classes, hyperparameters=hyperparameters
    )
    write_archive(
        args.model_dir,
        fitted=fitted,
        booster=booster,
        schema=schema,
        task=args.task,
        log_target=hyperparameters.log_target,
    )
    write_learning_curve(args.model_dir, losses)
    trained = answers(TableTransformer(fitted, schema), booster, args.task, log_target=hyperparameters.log_target)
    some, asked = first_rows(training, LOSS_ROWS), first_rows(validation, SERVED_ROWS)
    untrained = few(some, hyperparameters, 0)
    fell = loss_falls(loss_of(untrained(some), some, args.task), loss_of(trained(some), some, args.task), len(some))
    served = served_as_trained(trained(asked), answers_of(args.model_dir, rows_of(asked)))
    write_checks(args.model_dir, [*checks, fell, served])
    report = {
        "rows": {"train": len(training), "validation": len(validation)},
        "features": booster.num_features(),
        "class_names": class_names,
        "hyperparameters": asdict(hyperparameters),
        "measured": measured,
        "versions": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "xgboost": xgboost.__version__,
        },
    }
    args.output_data_dir.mkdir(parents=True, exist_ok=True)
    (args.output_data_dir / "training_report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    logger.info("saved %d trees", measured["trees"])
    logger.info("objective validation_loss=%.6f", measured["validation_loss"])


if __name__ == "__main__":
    try:
        main()
    except (HyperparameterError, ModelCheckError, TrainingDataError) as error:
        # The training toolkit repeats as the job's failure what follows the name of one of Python's own errors.
        sys.exit(f"ValueError: {error}")
