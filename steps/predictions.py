"""What callers ask of a model and what they are answered, whoever serves it, as documents of one shape.

The prediction API and the server in `serving/` give these; their OpenAPI documents are made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from steps.answers import Answer, Output, Row, read_answer
from steps.model_card import ModelCard, ModelInput
from steps.recipe import Task
from steps.row_checks import check_rows

MAX_INSTANCES = 100
_ROW: JsonDict = {"anyOf": [{"type": "string"}, {"type": "object"}]}


class Document(BaseModel):
    """Base of all of them; a version is a field here, so its prefix is not pydantic's."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())


class PredictionRequest(Document):
    """Rows to answer: texts, or objects with a value for each column."""

    model_config = ConfigDict(extra="forbid", strict=True)

    instances: list[Any] = Field(
        min_length=1,
        max_length=MAX_INSTANCES,
        description="Texts for a model of texts; for one of tables objects, column -> number, text or null.",
        json_schema_extra={"items": _ROW},
    )
    model_version: str | None = Field(
        default=None,
        pattern=r"^[1-9][0-9]{0,9}$",
        description="Only this version may answer; without it the live one does.",
    )


class RowError(Document):
    """A row that was not answered."""

    index: int = Field(description="Its place among the instances, from 0.")
    reason: str


class PredictionResponse(Document):
    """Answers in the order of the instances."""

    recipe: str
    model_version: str = Field(description="Version that has answered.")
    predictions: list[Answer | None] = Field(description="As many as instances; null where a row was not answered.")
    errors: list[RowError] = Field(description="Why each null is one.")
    not_for: str = Field(description="What the model must not be used for; empty when its recipe says nothing.")


class DataFacts(Document):
    """What a version was made of and measured on."""

    training_rows: int
    test_rows: int = Field(description="Rows that it never saw, on which the metrics were measured.")
    digest: str = Field(description="SHA-256 of the data file.")


class ModelSummary(Document):
    """A model in a list."""

    recipe: str
    description: str
    task: Task
    model_version: str
    metrics: dict[str, float]
    released_at: datetime
    not_for: str


class ModelDescription(ModelSummary):
    """All about a model."""

    class_names: list[str] = Field(description="Classes or labels in the order of the outputs; none for a number.")
    thresholds: dict[str, float] = Field(
        description="Class or label -> probability from which it is answered; for those that are not there, the "
        "likeliest class is, and a label from 0.5 on."
    )
    input: ModelInput
    data: DataFacts
    approval: str = Field(description="Who said yes, when and why.")
    model_digest: str = Field(description="SHA-256 of the model archive.")
    recipe_digest: str
    code_digest: str
    run_id: str


class ProblemDetails(Document):
    """What was wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    recipe: str | None = None
    model_version: str | None = Field(default=None, description="The version that serves, where one was found.")
    errors: list[RowError] | None = Field(default=None, description="What was wrong with each row.")


def summary_of(card: ModelCard) -> ModelSummary:
    """A model's line in the list."""
    return ModelSummary(
        recipe=card.recipe,
        description=card.description,
        task=card.task,
        model_version=card.model_version,
        metrics=card.metrics,
        released_at=card.released_at,
        not_for=card.not_for,
    )


def description_of(card: ModelCard) -> ModelDescription:
    """All that a card tells callers; where the archive lies is not among it."""
    return ModelDescription(
        **summary_of(card).model_dump(),
        class_names=card.class_names,
        thresholds=card.thresholds,
        input=card.input,
        data=DataFacts(training_rows=card.training_rows, test_rows=card.test_rows, digest=card.data_digest),
        approval=card.approval,
        model_digest=card.model_digest,
        recipe_digest=card.recipe_digest,
        code_digest=card.code_digest,
        run_id=card.run_id,
    )


class NothingAnsweredError(Exception):
    """None of the rows was answered.

    is_refusal: nothing was asked, because of each row something was wrong; else the model's answers were none
    """

    def __init__(self, message: str, errors: list[RowError], *, is_refusal: bool) -> None:
        super().__init__(message)
        self.errors = errors
        self.is_refusal = is_refusal


def answer_rows(
    instances: Sequence[object], card: ModelCard, ask: Callable[[list[Row]], list[Output]]
) -> PredictionResponse:
    """Answer the rows that can be answered and list the others.

    ask: the model; it gets only rows that it takes
    Raises NothingAnsweredError, and whatever `ask` raises.
    """
    checked = check_rows(instances, card.input)
    errors = {bad.index: RowError(index=bad.index, reason=bad.reason) for bad in checked.errors}
    if not checked.rows:
        raise NothingAnsweredError("None of the rows can be answered.", list(errors.values()), is_refusal=True)
    predictions: list[Answer | None] = [None] * len(instances)
    no_answer = "no number" if card.task == "regression" else f"no probabilities of {', '.join(card.class_names)}"
    for place, output in zip(checked.places, ask(checked.rows), strict=True):
        predictions[place] = read_answer(card.task, card.class_names, output, card.thresholds)
        if predictions[place] is None:
            errors[place] = RowError(index=place, reason=f"the model gave {no_answer}")
    listed = [errors[index] for index in sorted(errors)]
    if not any(predictions):
        raise NothingAnsweredError(f"The model gave {no_answer}.", listed, is_refusal=False)
    return PredictionResponse(
        recipe=card.recipe,
        model_version=card.model_version,
        predictions=predictions,
        errors=listed,
        not_for=card.not_for,
    )
