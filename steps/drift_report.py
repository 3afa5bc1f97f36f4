"""How a run's data differs from the data of the live version: ValidateData's `drift.json`.

Shares are of usable rows, between 0 and 1. Nothing here holds a text; words of a table's columns are named where
many rows share them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.contracts import Contract
from steps.evaluation_report import Interval

DRIFT_REPORT = "drift.json"
# A plot with more bars cannot be read.
MAX_BINS = 12

DriftKind = Literal["numeric", "categorical", "text_length", "vocabulary", "label", "target"]


class LabelShare(Contract):
    """How often a class or label is in the data."""

    label: str
    rows: int
    share: float
    interval: Interval = Field(description="Wilson's at 95 %.")
    live_share: float | None = Field(default=None, description="In the live version's data.")
    live_interval: Interval | None = None


class DriftBin(Contract):
    """A part of the values to draw as a bar."""

    name: str = Field(description="`up to 1,200`, a word of the column, or `others`.")
    share: float
    live_share: float


class Drift(Contract):
    """One column, or another thing, of both data."""

    kind: DriftKind
    name: str = Field(description="The column or label; `text length` and `vocabulary` of texts.")
    rows: int = Field(description="With a value.")
    live_rows: int
    median: float | None = Field(default=None, description="Of numbers and lengths.")
    live_median: float | None = None
    test: Literal["kolmogorov_smirnov", "chi_squared"]
    statistic: float
    p_value: float = Field(description="Bonferroni's: times the number of comparisons, 1 at most.")
    population_stability_index: float = Field(description="Less what chance alone adds; the effect size.")
    limit: float = Field(description="Of the effect size, from the recipe.")
    is_drifted: bool = Field(description="Whether it is both significant and beyond the limit.")
    bins: list[DriftBin] = Field(
        max_length=MAX_BINS, description="None of a vocabulary, whose parts have no names that could be shown."
    )


class ColumnReport(Contract):
    """One column of a table: where it has no value, and which of its values were not there before."""

    name: str
    missing_share: float
    live_missing_share: float | None = Field(default=None, description="None without comparable data.")
    missing_p_value: float | None = Field(default=None, description="Bonferroni's, of more or less missing values.")
    untrained_share: float | None = Field(
        default=None, description="Rows whose category no row of the training part has; None for numbers."
    )
    untrained_rows: list[int] = Field(default=[], max_length=3, description="The first of them.")
    unseen_share: float | None = Field(
        default=None,
        description="Rows whose category, or number beyond the range, the live version's data does not have; None "
        "when that is not known.",
    )
    unseen_rows: list[int] = Field(default=[], max_length=3, description="Some of them.")
    live_range: Interval | None = Field(default=None, description="Smallest and largest number of the live data.")


class DriftReport(Contract):
    """ValidateData's `drift.json`."""

    labels: list[LabelShare] = Field(description="In the recipe's order; none for a regression.")
    not_compared: str = Field(default="", description="Why there is no comparison, as a sentence.")
    live_model_version: str | None = None
    live_rows: int = 0
    significance: float = Field(description="A p-value below this is significant.")
    comparisons: list[Drift] = Field(default=[], description="Drifted ones first, the largest effect first.")
    columns: list[ColumnReport] = Field(default=[], description="Of a table, in the recipe's order.")
