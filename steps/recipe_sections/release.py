"""Where a recipe's model serves, what it may cost and what it must answer there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field, field_validator, model_validator

from steps import instance_types
from steps.recipe_sections.base import (
    INSTANCE_TYPE_PATTERN,
    ImageName,
    Label,
    Section,
    check_default_image,
    checked_instance,
)

MAX_ENDPOINT_LOOKS = 900


class EndpointSection(Section):
    """Where the model serves."""

    image: ImageName = Field(
        default="tensorflow-inference",
        description="`tensorflow-inference` for a text, `inference-pipeline` (scikit-learn, then xgboost) for a table, "
        "or a full image URI.",
    )
    instance_type: str = Field(default="ml.m5.large", pattern=INSTANCE_TYPE_PATTERN, description="Machine that serves.")
    instance_count: int = Field(default=1, ge=1, le=100, description="How many of them.")
    deadline_seconds: int = Field(default=1800, ge=30, description="How long it may take to come into service.")
    poll_seconds: int = Field(default=15, ge=1, le=300, description="Pause between two looks at its status.")

    @field_validator("instance_type")
    @classmethod
    def _instance_serves(cls, value: str) -> str:
        return checked_instance(value, instance_types.HOSTING, "serve")

    @model_validator(mode="after")
    def _image_fits_instance(self) -> EndpointSection:
        if self.image in {"tensorflow-inference", "inference-pipeline"}:
            check_default_image(self.instance_type, "endpoint.image")
        return self

    @model_validator(mode="after")
    def _history_can_hold_every_look(self) -> EndpointSection:
        # A look adds about a dozen events, and an execution fails beyond 25,000.
        looks = self.deadline_seconds / self.poll_seconds
        if looks > MAX_ENDPOINT_LOOKS:
            raise ValueError(
                f"looking every {self.poll_seconds} s for {self.deadline_seconds} s is {looks:.0f} looks, and "
                f"{MAX_ENDPOINT_LOOKS} fit into an execution's history; raise poll_seconds or lower deadline_seconds"
            )
        return self


class CostSection(Section):
    """Ceilings; a run that could cost more ends in CostRejected before anything is started."""

    max_run_usd: Decimal | None = Field(
        default=None, gt=0, description="Largest sum one run may cost by its time limits, in US dollars."
    )
    max_endpoint_usd_per_month: Decimal | None = Field(
        default=None, gt=0, description="Largest sum the endpoint may cost in a month of 730 hours, in US dollars."
    )

    @property
    def has_ceiling(self) -> bool:
        """Whether anything is limited."""
        return self.max_run_usd is not None or self.max_endpoint_usd_per_month is not None


class SmokeCase(Section):
    """One row the live endpoint must answer rightly: a text or a table's row, and what must be the answer."""

    text: str | None = Field(default=None, min_length=1, max_length=20_000, description="The text that is asked.")
    row: dict[str, str | float | None] | None = Field(
        default=None, max_length=1000, description="The row of a table that is asked: column -> value."
    )
    label: Label | None = Field(
        default=None, description="The class name that must be the answer (binary, multi_class)."
    )
    labels: list[Label] | None = Field(
        default=None, max_length=100, description="The labels that must be the answer, perhaps none (multi_label)."
    )
    minimum: float | None = Field(default=None, description="Smallest number that may be the answer (regression).")
    maximum: float | None = Field(default=None, description="Largest number that may be the answer (regression).")

    @property
    def instance(self) -> Any:  # noqa: ANN401 - a text, or a mapping of columns to values
        """The row as the endpoint is asked it."""
        return self.text if self.text is not None else self.row


class SmokeSection(Section):
    """What the endpoint must answer right after an update, else it is rolled back."""

    cases: list[SmokeCase] = Field(default=[], max_length=30, description="All of them must be answered rightly.")
    evaluated_rows: int = Field(
        default=5,
        ge=0,
        le=30,
        description="Held-back rows that the endpoint must answer just as the evaluated model did.",
    )
    max_latency_ms: int = Field(default=5000, ge=1, description="Slowest answer allowed, after one warm-up request.")

    @model_validator(mode="after")
    def _something_is_asked(self) -> SmokeSection:
        if not self.cases and not self.evaluated_rows:
            raise ValueError("give cases, or evaluated_rows above 0; an endpoint that nobody asks cannot be trusted")
        return self
