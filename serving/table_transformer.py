"""The first part of a table's model: scikit-learn transformers, from rows to the matrix that the booster reads.

It runs in the first container of an inference pipeline, whose Python is 3.10 and has no pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.table_files import SCHEMA, TRANSFORMER
from serving.table_rows import NO_VALUE, Schema, read_rows, shown
from serving.unusable_input import UnusableInputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

NUMERIC = "numeric"
CATEGORICAL = "categorical"
# What a fitted transformer holds beyond what skops trusts by itself: the type of its numbers.
TRUSTED = ("numpy.dtype",)
# More than these of one row are counted, not written out.
MAX_WARNINGS = 10


@dataclass(frozen=True)
class Transformed:
    """Rows ready for the booster, and what was found worth a warning in each."""

    matrix: NDArray[np.float32]  # (rows, features)
    warnings: list[list[str]]  # one list a row


class TableTransformer:
    """A fitted ColumnTransformer with the columns it was fitted on; safe for threads."""

    def __init__(self, fitted: Any, schema: Schema) -> None:  # noqa: ANN401 - scikit-learn has no types
        self._fitted = fitted
        self._schema = schema
        encoder = fitted.named_transformers_.get(CATEGORICAL)
        categories = encoder.categories_ if schema.categorical else []
        self._known = {name: frozenset(values) for name, values in zip(schema.categorical, categories, strict=True)}

    @classmethod
    def load(cls, folder: Path) -> TableTransformer:
        """From an unpacked archive; raises skops' UntrustedTypesFoundException for a file that could run code."""
        from skops import io  # noqa: PLC0415 - not needed to import this module

        fitted = io.load(folder / TRANSFORMER, trusted=list(TRUSTED))
        return cls(fitted, Schema.read(folder / SCHEMA))

    def transform(self, rows: Sequence[Any]) -> Transformed:
        """Raises UnusableInputError naming the row and the column that cannot be read."""
        if not rows:
            raise UnusableInputError("there are no rows to answer")
        frame = read_rows(rows, self._schema)
        return Transformed(self.matrix(frame), self._warnings(frame))

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Columns as read_rows gives them to (rows, features); what was never seen is unknown to every feature."""
        matrix: NDArray[np.float32] = np.asarray(self._fitted.transform(frame), dtype=np.float32)
        return matrix

    def _warnings(self, frame: pd.DataFrame) -> list[list[str]]:
        found: list[list[str]] = [[] for _ in range(len(frame))]
        for name, known in self._known.items():
            # Found by the categories themselves: the encoded matrix no longer tells an unknown from none.
            for number, value in enumerate(frame[name]):
                if value not in known:
                    found[number].append(_unseen(name, value))
        return [_capped(sentences) for sentences in found]


def _unseen(column: str, value: str) -> str:
    if value == NO_VALUE:
        return f"column {column}: every row had a value in training; answered as unknown"
    return f"column {column}: {shown(value)} was never seen in training; answered as unknown"


def _capped(sentences: list[str]) -> list[str]:
    if len(sentences) <= MAX_WARNINGS:
        return sentences
    return [*sentences[: MAX_WARNINGS - 1], f"{len(sentences) - MAX_WARNINGS + 1} more columns are like these"]
