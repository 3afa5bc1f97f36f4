"""Rows to answers, or to the problem that says why there are none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from serving.model import Model
from serving.unusable_input import UnusableInputError
from steps.model_card import ModelCard
from steps.predictions import NothingAnsweredError, PredictionRequest, PredictionResponse, answer_rows
from steps.problem import Problem


def predict(asked: PredictionRequest, model: Model, card: ModelCard) -> PredictionResponse:
    """Answer the rows that can be answered; raises Problem when there are none."""
    facts: dict[str, Any] = {"recipe": card.recipe, "model_version": card.model_version}
    if asked.model_version not in (None, card.model_version):
        detail = f"Version {card.model_version} of {card.recipe} serves here, and no other."
        raise Problem(HTTPStatus.CONFLICT, detail, **facts)
    try:
        return answer_rows(asked.instances, card, model.predict)
    except NothingAnsweredError as nothing:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if nothing.is_refusal else HTTPStatus.BAD_GATEWAY
        errors = [error.model_dump() for error in nothing.errors]
        raise Problem(status, str(nothing), errors=errors, **facts) from nothing
    except UnusableInputError as error:
        detail = f"The model does not take these rows: {error}."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, **facts) from error
