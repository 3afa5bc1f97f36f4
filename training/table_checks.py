"""What a table's model must show before it is trained on all rows, and of its archive afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.table_booster import LOG_TARGET, TASK, TableBooster
from training.model_checks import BATCH_ROWS, choose_batch, cross_entropy, guess_loss, judge_rehearsal
from training.table_data import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from steps.answers import Row
    from steps.model_checks import ModelCheck
    from training.table_hyperparameters import TableHyperparameters

    Fit = Callable[[Table, TableHyperparameters, int], Callable[[Table], NDArray[np.float64]]]

_ROUNDS = 100


def rehearse(
    fit: Fit, training: Table, *, task: str, n_classes: int, hyperparameters: TableHyperparameters
) -> list[ModelCheck]:
    """Train, and train again, on one batch; raises ModelCheckError when a check fails.

    fit: trains on rows with hyperparameters for some rounds; gives what answers rows with (rows, outputs)
    """
    batch = _batch(training, task, n_classes)
    # What holds a model back from learning by heart is left out: small steps, samples of rows and columns, penalties.
    hp = replace(
        hyperparameters,
        learning_rate=0.3,
        max_depth=6,
        min_child_weight=0.0,
        subsample=1.0,
        colsample_bytree=1.0,
        reg_lambda=0.0,
    )
    before = fit(batch, hp, 0)(batch)
    first, second = (fit(batch, hp, _ROUNDS)(batch) for _ in range(2))
    return judge_rehearsal(
        before,
        (first, second),
        rows=len(batch),
        loss=loss_of(first, batch, task),
        guess=guess_of(batch, task),
        n_outputs=max(1, n_classes),
        task=task,
    )


def answers(transformer: Any, booster: Any, task: str, *, log_target: bool) -> Callable[[Table], NDArray[np.float64]]:  # noqa: ANN401 - published without types
    """What both parts in memory answer: (rows, outputs)."""
    booster.set_attr(**{TASK: task, LOG_TARGET: "true" if log_target else "false"})
    scoring = TableBooster(booster)
    return lambda table: scoring.score(transformer.matrix(table.frame))


def loss_of(outputs: NDArray[np.float64], table: Table, task: str) -> float:
    """Root mean squared error of a regression, else the mean cross-entropy."""
    if task == "regression":
        return float(np.sqrt(np.mean((outputs[:, 0] - table.answers) ** 2)))
    return cross_entropy(outputs, _targets(table, task, outputs.shape[1]), one_is_right=task != "multi_label")


def guess_of(table: Table, task: str) -> float:
    """The loss of always answering the mean, or how often each class or label is right."""
    if task == "regression":
        return float(np.std(table.answers))
    n_outputs = table.answers.shape[1] if task == "multi_label" else int(table.answers.max()) + 1
    return guess_loss(_targets(table, task, n_outputs), one_is_right=task != "multi_label")


def first_rows(table: Table, count: int) -> Table:
    """The first rows."""
    return Table(table.frame.iloc[:count], table.answers[:count])


def rows_of(table: Table) -> list[Row]:
    """A table's rows as an endpoint is asked them: column -> value."""
    return [
        {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - NaN is no value
        for row in table.frame.to_dict("records")
    ]


def _batch(table: Table, task: str, n_classes: int) -> Table:
    """Rows that differ, with every class or label among them; of a regression the first that differ."""
    keys = (str(values) for values in table.frame.itertuples(index=False, name=None))
    if task == "regression":
        # As if there were one class: the first rows, each once.
        places = choose_batch(keys, np.ones((len(table), 1), dtype=np.float32), 2 * BATCH_ROWS)
    else:
        places = choose_batch(keys, _targets(table, task, n_classes))
    return Table(table.frame.iloc[places].reset_index(drop=True), table.answers[places])


def _targets(table: Table, task: str, n_outputs: int) -> NDArray[np.float32]:
    """(rows, outputs), 1 where the class or label is right."""
    if task == "multi_label":
        return np.asarray(table.answers, dtype=np.float32)
    targets: NDArray[np.float32] = np.eye(n_outputs, dtype=np.float32)[table.answers]
    return targets
