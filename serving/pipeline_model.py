"""Both parts of a table's model in one process, for who asks without an inference pipeline's containers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serving.table_booster import TableBooster
from serving.table_transformer import TableTransformer
from steps.answers import Output, Row


class PipelineModel:
    """What the two containers answer, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._transformer = TableTransformer.load(folder)
        self._booster = TableBooster.load(folder)

    def predict(self, rows: Sequence[Row]) -> list[Output]:
        """One output for each row, in order; raises UnusableInputError naming the row that cannot be read."""
        if not rows:
            return []
        transformed = self._transformer.transform(rows)
        answers = self._booster.score(transformed.matrix)
        return [
            Output(values=values, warnings=warnings)
            for values, warnings in zip(answers.tolist(), transformed.warnings, strict=True)
        ]
