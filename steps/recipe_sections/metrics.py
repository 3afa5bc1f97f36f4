"""What a recipe's model must reach on rows never trained on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from steps.recipe_sections.base import Section
from steps.recipe_sections.data_rules import Severity

Milliseconds = Annotated[FiniteFloat, Field(gt=0)]
Bytes = Annotated[int, Field(gt=0)]

MetricName = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1",
    "roc_auc",
    "log_loss",
    "average_precision",
    "subset_accuracy",
    "r2",
    "mean_absolute_error",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
]
# Metrics that a task's report holds.
CLASS_METRICS: frozenset[str] = frozenset({"accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"})
LABEL_METRICS: frozenset[str] = frozenset({"subset_accuracy", "f1", "roc_auc", "average_precision", "log_loss"})
NUMBER_METRICS: frozenset[str] = frozenset(
    {"r2", "mean_absolute_error", "root_mean_squared_error", "root_mean_squared_log_error"}
)
# Metrics for which less is better; every other one is better when greater.
LOSS_METRICS: frozenset[str] = frozenset(
    {"log_loss", "mean_absolute_error", "root_mean_squared_error", "root_mean_squared_log_error"}
)
# Metrics that rows of one class have, too; the others compare classes.
METRICS_OF_ONE_CLASS: frozenset[str] = frozenset({"accuracy", "subset_accuracy", "log_loss"})


class MetricGate(Section):
    """What one metric must reach on rows never trained on."""

    name: MetricName = Field(description="Metric, as scikit-learn measures it.")
    floor: FiniteFloat = Field(description="A candidate on the wrong side of this is rejected (a ceiling for a loss).")
    margin: FiniteFloat = Field(
        default=0.01,
        ge=0,
        description="How much worse than the live version a candidate may be, as long as that may be chance.",
    )
    significantly_worse: Severity = Field(
        default="error",
        description="What a loss within the margin does that is no chance, by the paired test: `error` rejects the "
        "candidate, `warn` says so and goes on.",
    )

    @model_validator(mode="after")
    def _floor_can_be_missed_and_reached(self) -> MetricGate:
        if self.name in LOSS_METRICS:
            if self.floor <= 0:
                raise ValueError(f"{self.name} is never below 0, so no candidate gets below this ceiling; raise it")
        elif self.floor > 1:
            raise ValueError(f"{self.name} is never above 1, so no candidate reaches this floor; lower it")
        elif self.name != "r2" and self.floor <= 0:
            raise ValueError(f"{self.name} is never below 0, so this floor refuses nothing; raise it")
        return self


class ServingLimits(Section):
    """What the server that EvaluateModel measures may take; nothing is measured against a limit that is not there."""

    max_p50_ms: Milliseconds | None = Field(default=None, description="Time in which half of the rows are answered.")
    max_p95_ms: Milliseconds | None = Field(default=None, description="Time in which 95 % of the rows are answered.")
    max_p99_ms: Milliseconds | None = Field(default=None, description="Time in which 99 % of the rows are answered.")
    max_archive_bytes: Bytes | None = Field(default=None, description="Size of model.tar.gz.")
    max_unpacked_bytes: Bytes | None = Field(default=None, description="Size of what it holds.")


class MetricsSection(Section):
    """The metric gate; the first metric is the one by which versions are compared."""

    gates: list[MetricGate] = Field(min_length=1, max_length=10, description="Every one of them must be passed.")
    clear_win: FiniteFloat = Field(
        default=0.01,
        gt=0,
        description="Gain in the first metric over the live version that counts as clearly better, if it is no chance.",
    )
    serving: ServingLimits = ServingLimits()
    thresholds: Literal["default", "validation"] = Field(
        default="default",
        description="`validation`: EvaluateModel chooses, on the validation rows and for the largest f1, the "
        "probability from which the second class (binary) or each label (multi_label) is answered. `default`: the "
        "likelier class, and every label from 0.5 on.",
    )
