"""What a report is made of."""

from __future__ import annotations

from dataclasses import dataclass

from steps.contracts import CheckMetricsResult, PrepareRunResult, ValidateDataResult
from steps.cost import LargestCost
from steps.drift_report import DriftReport
from steps.evaluation_report import EvaluatedExamples, MetricsReport
from steps.profile import DataProfile
from steps.recipe import Recipe

REPORT = "report.html"
# Where every run's report lies in the run's folder, whatever ended it.
REPORT_FOLDER = "write_report"


@dataclass(frozen=True)
class ReportFacts:
    """All documents of a run, as far as it came.

    refused_model: why an archive or a search's result was not taken;  origin: where a model comes from that was not
    simply trained;  cost: None where prices are unknown
    """

    recipe: Recipe
    plan: PrepareRunResult
    data: ValidateDataResult | None = None
    profile: DataProfile | None = None
    drift: DriftReport | None = None
    refused_model: str = ""
    origin: str = ""
    checked: CheckMetricsResult | None = None
    measured: MetricsReport | None = None
    examples: EvaluatedExamples | None = None
    cost: LargestCost | None = None
