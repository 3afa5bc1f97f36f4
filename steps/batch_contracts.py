"""What the states of a batch prediction hand to each other, and what its jobs leave beside its rows.

Rows are counted from 1 after the header. Nothing here holds a row's values.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from steps.contracts import Contract
from steps.shortened import Reason


class BatchInput(Contract):
    """Input of an execution: which file, and which version of which recipe's model answers."""

    recipe: str = Field(max_length=100)
    rows_uri: str = Field(
        max_length=1024,
        description="One CSV in the artifact bucket, or a folder with its pieces in the order of names.",
    )
    file_name: str = Field(default="The file", max_length=200, description="What sentences call the file.")
    version: str | None = Field(
        default=None, pattern=r"^[1-9]\d{0,8}$", description="A version that was released; without it the live one."
    )
    text_column: str | None = Field(
        default=None, min_length=1, max_length=100, description="The text's column, when the file names it otherwise."
    )
    requested_by: str = Field(default="api", max_length=256)


class JobPlan(Contract):
    """One job of a batch."""

    job_name: str
    parameters: dict[str, Any] = Field(description="The SageMaker request's parts that differ from batch to batch.")


class PrepareBatchResult(Contract):
    """PrepareBatch: which version answers, and every name and URI of the batch."""

    batch_id: str
    recipe: str
    decision: Literal["go", "refused"]
    reason: Reason
    model_version: str = ""
    model_name: str = ""
    answers_uri: str = Field(default="", description="Folder of what was set aside and what was answered.")
    predictions_uri: str = Field(default="", description="Folder of the result.")
    split_rows: JobPlan | None = None
    transform_rows: JobPlan | None = None
    join_predictions: JobPlan | None = None


class SplitReport(Contract):
    """SplitRows' `split.json`: how many rows can be answered, and why the others cannot."""

    rows: int = 0
    answerable: int = 0
    set_aside: dict[str, int] = Field(default={}, description="Reason -> rows.")
    parts: int = Field(default=0, description="Files of requests.")
    problem: str | None = Field(default=None, description="Why the file as a whole cannot be used.")


class CheckRowsResult(Contract):
    """CheckRows: is there anything to ask the model?"""

    verdict: Literal["answerable", "none_answerable", "rejected"]
    reason: Reason
    rows: int
    answerable: int
    parts: int


class BatchReport(Contract):
    """JoinPredictions' `report.json`: what became of the rows."""

    recipe: str
    model_version: str
    rows: int
    answered: int
    errors: dict[str, int] = Field(description="Reason -> rows without an answer.")
    warnings: int = Field(description="Rows answered with a warning.")
    columns: list[str] = Field(description="Columns that were added to those of the file.")


class ReportBatchFaultResult(Contract):
    """ReportBatchFault: the state that failed and its own words."""

    error: str
    cause: str
    state: str
