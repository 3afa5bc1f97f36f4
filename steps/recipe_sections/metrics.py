"""What a recipe's model must reach on rows never trained on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.recipe_sections.base import Section

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
    floor: float = Field(description="A candidate on the wrong side of this is rejected (a ceiling for a loss).")
    margin: float = Field(default=0.01, ge=0, description="How much worse than the live version a candidate may be.")


class MetricsSection(Section):
    """The metric gate; the first metric is the one by which versions are compared."""

    gates: list[MetricGate] = Field(min_length=1, max_length=10, description="Every one of them must be passed.")
    clear_win: float = Field(
        default=0.01, gt=0, description="Gain in the first metric over the live version that counts as clearly better."
    )
    thresholds: Literal["default", "validation"] = Field(
        default="default",
        description="`validation`: EvaluateModel chooses, on the validation rows and for the largest f1, the "
        "probability from which the second class (binary) or each label (multi_label) is answered. `default`: the "
        "likelier class, and every label from 0.5 on.",
    )
