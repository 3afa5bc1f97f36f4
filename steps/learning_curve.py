"""How the loss fell while a model was trained, for the report to draw.

A training script writes `learning_curve.json` into the archive's root; EvaluateModel takes it over into its report.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from steps.contracts import Contract
from steps.evaluation_report import Curve

LEARNING_CURVE = "learning_curve.json"
POINTS = 100


class LearningCurve(Contract):
    """The document: training and validation loss by epoch or round."""

    curves: list[Curve] = Field(max_length=4)


def write_learning_curve(folder: Path, losses: Mapping[str, Sequence[float]]) -> None:
    """Write the document into an archive's folder.

    losses: `training` and `validation` -> the loss after each epoch or round; of many every nth is kept, and the last
    """
    document = LearningCurve(curves=[_curve(name, values) for name, values in losses.items()])
    (folder / LEARNING_CURVE).write_text(document.model_dump_json(indent=2), encoding="utf-8")


def _curve(name: str, losses: Sequence[float]) -> Curve:
    every = max(1, math.ceil(len(losses) / (POINTS - 1)))
    kept = [*range(0, len(losses), every)]
    if losses and kept[-1] != len(losses) - 1:
        kept.append(len(losses) - 1)
    points = [(float(place + 1), float(losses[place])) for place in kept if math.isfinite(losses[place])]
    return Curve(name=name, x=[x for x, _ in points], y=[y for _, y in points])
