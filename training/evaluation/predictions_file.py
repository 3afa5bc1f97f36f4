"""`predictions.csv`: the candidate's answer to each test row, without the row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from steps.recipe import Recipe


def write_predictions(
    file: Path, recipe: Recipe, answers: NDArray[Any], outputs: NDArray[np.float64], answered: NDArray[Any]
) -> None:
    """One line a test row: its number from 1, what was to be answered, what was, and a probability for each name.

    answers, answered: as PreparedRows.answers gives them;  outputs: (rows, outputs)
    """
    names = recipe.data.class_names
    probabilities = [f"probability_{name}" for name in names]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if recipe.task == "regression":
            writer.writerow(["row", *recipe.data.answer_columns, "answered"])
            writer.writerows(_numbered([target, value] for target, value in zip(answers, answered, strict=True)))
        elif recipe.task == "multi_label":
            writer.writerow(["row", *names, *(f"answered_{name}" for name in names), *probabilities])
            writer.writerows(
                _numbered(
                    [*labels, *marks, *_rounded(values)]
                    for labels, marks, values in zip(answers, answered, outputs, strict=True)
                )
            )
        else:
            writer.writerow(["row", "label", "answered", *probabilities])
            writer.writerows(
                _numbered(
                    [names[label], names[given], *_rounded(values)]
                    for label, given, values in zip(answers, answered, outputs, strict=True)
                )
            )


def _numbered(lines: Iterable[list[Any]]) -> Iterator[list[Any]]:
    return ([row, *line] for row, line in enumerate(lines, start=1))


def _rounded(values: NDArray[np.float64]) -> list[str]:
    return [f"{value:.6f}" for value in values]
