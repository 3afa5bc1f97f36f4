"""What EvaluateModel measured: candidate and live version on the same held-back rows.

EvaluateModel writes it as `report.json`. Rows are counted from 1 in the prepared test file. Metrics are named as
scikit-learn names them; a gain is positive when the candidate is better, whatever the metric. Nothing here holds a
row's text; the rows that an approver may read are in `examples.json` (EvaluatedExamples).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.answers import Row
from steps.behaviour_report import BehaviourReport
from steps.contracts import Contract
from steps.model_checks import ModelCheck

EVALUATION_REPORT = "report.json"
EXAMPLES = "examples.json"


class Interval(Contract):
    """A confidence interval."""

    low: float
    high: float


class PairedTest(Contract):
    """Candidate against live version in one metric, row by row on the same rows."""

    gain: float = Field(description="Of the candidate over the live version.")
    interval: Interval = Field(description="Confidence interval of the gain.")
    p_value: float = Field(description="Probability of a difference this large, in either way, if there were none.")
    test: Literal["mcnemar", "paired_bootstrap"]


class CalibrationBin(Contract):
    """Answers of about the same probability: what was promised and what was right."""

    rows: int
    mean_probability: float
    observed_share: float
    interval: Interval = Field(description="Wilson's, of the observed share.")


class Calibration(Contract):
    """Whether probabilities mean what they say; of the answered class, or of all labels together."""

    expected_calibration_error: float
    brier_score: float = Field(description="Mean squared error of the probabilities.")
    bins: list[CalibrationBin] = Field(max_length=20)


class SliceMetrics(Contract):
    """One part of the test rows."""

    name: str = Field(description="As the recipe names it.")
    rows: int
    is_counted: bool = Field(description="Whether there are as many rows as the recipe wants; else nothing is judged.")
    candidate: dict[str, float]
    champion: dict[str, float] | None = None
    paired: PairedTest | None = Field(default=None, description="In the recipe's first metric.")


class Curve(Contract):
    """A line to draw: at most 100 points."""

    name: str = Field(description="Class, label or part of the data that it belongs to.")
    x: list[float] = Field(max_length=100)
    y: list[float] = Field(max_length=100)


class Curves(Contract):
    """What a report draws of the candidate; empty where the task has none."""

    roc: list[Curve] = Field(default=[], max_length=20, description="x: false positive rate, y: true positive rate.")
    precision_recall: list[Curve] = Field(default=[], max_length=20, description="x: recall, y: precision.")
    predicted: list[Curve] = Field(
        default=[], max_length=1, description="Regression: x: predicted, y: target, of rows spread evenly."
    )
    learning: list[Curve] = Field(
        default=[], max_length=4, description="x: epoch or round from 1, y: loss; training and validation."
    )


class ServingMeasurement(Contract):
    """One model in the server that answers on a laptop and in the container image, asked one row at a time."""

    requests: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    archive_bytes: int
    unpacked_bytes: int


class MetricsReport(Contract):
    """EvaluateModel's `report.json`: candidate and champion on the same held-back rows."""

    rows: int
    candidate: dict[str, float] = Field(max_length=50)
    champion: dict[str, float] | None = Field(
        max_length=50, description="None when there is no live version to compare with."
    )
    majority_baseline_accuracy: float | None = Field(
        default=None, description="Accuracy of always giving the most frequent answer; None for a regression."
    )
    confusion: list[list[int]] = Field(
        default=[], description="Candidate's counts, [true class][answered class]; for classes only."
    )
    class_names: list[str]
    mean_baseline_root_mean_squared_error: float | None = Field(
        default=None, description="Error of always answering the mean; for a regression only."
    )
    per_label: dict[str, dict[str, float]] = Field(
        default={}, description="Candidate's metrics of each label alone; for several labels only."
    )
    confidence: float = Field(default=0.95, description="Of every interval here.")
    intervals: dict[str, Interval] = Field(default={}, description="Of the candidate's metrics.")
    champion_intervals: dict[str, Interval] = Field(default={}, description="Of the champion's.")
    paired: dict[str, PairedTest] = Field(default={}, description="Metric -> comparison with the champion.")
    thresholds: dict[str, float] = Field(
        default={},
        description="Class or label -> probability from which it is answered, chosen on the validation rows; none "
        "where the default holds.",
    )
    calibration: Calibration | None = Field(default=None, description="None for a regression.")
    champion_calibration: Calibration | None = None
    slices: list[SliceMetrics] = Field(default=[], max_length=50)
    curves: Curves = Curves()
    serving: ServingMeasurement | None = None
    champion_serving: ServingMeasurement | None = None
    disagreements: int | None = Field(default=None, description="Rows that candidate and champion answer differently.")
    model_checks: list[ModelCheck] = Field(default=[], max_length=20, description="Of the training; none of an import.")
    behaviour: BehaviourReport | None = Field(default=None, description="None when the recipe has no such tests.")


class EvaluatedExample(Contract):
    """One test row as an approver may read it, and what was answered."""

    row_number: int
    row: Row
    expected: str
    candidate: str
    candidate_probability: float | None = None
    champion: str | None = None
    champion_probability: float | None = None


class EvaluatedExamples(Contract):
    """EvaluateModel's `examples.json`: shown to approvers only, never logged and in no report that leaves them."""

    mistakes: list[EvaluatedExample] = Field(max_length=20, description="Wrong answers, the most confident first.")
    disagreements: list[EvaluatedExample] = Field(max_length=20, description="With the champion, the clearest first.")
