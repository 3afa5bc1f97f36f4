"""What a training script found out about its own model, before and after it trained.

The script writes `model_checks.json` into the archive's root; EvaluateModel takes it over into its report.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.contracts import Contract

MODEL_CHECKS = "model_checks.json"

CheckName = Literal[
    "untrained_output",
    "one_batch_overfits",
    "loss_falls",
    "same_seed_same_model",
    "served_as_trained",
]


class ModelCheck(Contract):
    """One check and what it saw."""

    name: CheckName
    verdict: Literal["passed", "failed"]
    observed: float
    limit: float
    sentence: str = Field(max_length=500)


class ModelChecks(Contract):
    """The document."""

    checks: list[ModelCheck] = Field(max_length=20)
