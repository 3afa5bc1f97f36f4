"""The schema of a recipe's rows, checked by pandera for many rows at once: what a cell may hold that can be wrong.

Texts and words may be anything; labels and numbers may not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd
import pandera.pandas as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.recipe import Recipe


@dataclass(frozen=True)
class WrongCell:
    """A cell that is not what its column wants: `no number`; an unknown label wants nothing else."""

    why: Literal["unknown_label", "bad_cell"]
    column: str
    wanted: str = ""


class DataSchema:
    """Finds the first wrong cell of each row."""

    def __init__(self, recipe: Recipe) -> None:
        data = recipe.data
        missing = frozenset(data.features.missing_values if data.features else ())
        a_label = pa.Check.isin([*data.labels, *data.ignored_labels])
        a_mark = pa.Check.isin(["0", "1"])
        a_number = pa.Check(lambda cell: finite_number(cell) is not None, element_wise=True)
        a_number_or_none = pa.Check(
            lambda cell: not cell or cell in missing or finite_number(cell) is not None, element_wise=True
        )
        # Of several wrong cells the first one is told: answers before inputs.
        self._checks: dict[str, tuple[pa.Check, WrongCell]] = {}
        for column in data.answer_columns:
            if recipe.task == "multi_label":
                self._checks[column] = (a_mark, WrongCell("bad_cell", column, "neither 0 nor 1"))
            elif recipe.task == "regression":
                self._checks[column] = (a_number, WrongCell("bad_cell", column, "no number"))
            else:
                self._checks[column] = (a_label, WrongCell("unknown_label", column))
        for column in data.features.numeric if data.features else ():
            self._checks[column] = (a_number_or_none, WrongCell("bad_cell", column, "no number"))
        self._schema = pa.DataFrameSchema(
            {column: pa.Column(checks=check) for column, (check, _) in self._checks.items()}
        )

    @property
    def columns(self) -> list[str]:
        """Names of the columns that can be wrong; answers come before inputs."""
        return list(self._checks)

    def wrong_cells(self, columns: Sequence[Sequence[str]]) -> dict[int, WrongCell]:
        """Position of a row -> its first wrong cell.

        columns: the cells of each of `columns`, without the spaces around them
        """
        frame = pd.DataFrame(dict(zip(self._checks, columns, strict=True)), dtype=object)
        try:
            self._schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases
            found = set(zip(cases["column"].tolist(), cases["index"].tolist(), strict=True))
        else:
            return {}
        wrong: dict[int, WrongCell] = {}
        for column, (_, cell) in self._checks.items():
            for row in sorted(int(index) for name, index in found if name == column):
                wrong.setdefault(row, cell)
        return wrong


def finite_number(text: str) -> float | None:
    """The number that a cell holds, written as CSV files write numbers; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Python reads 1_000 and digits of other scripts too, which those who read the file next do not.
    return number if math.isfinite(number) and text.isascii() and "_" not in text else None
