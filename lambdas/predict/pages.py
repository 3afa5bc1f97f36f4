"""The pages of the prediction API as HTTP responses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from lambdas.web_pages import WebPages
from steps.answers import Answer
from steps.model_card import ModelCard
from steps.pages.model_page import PAGES, page_values, reason_of
from steps.predictions import RowError
from steps.problem import Problem


@cache
def _pages() -> WebPages:
    return WebPages(PAGES)


def models_page(cards: Sequence[ModelCard], *, by_key: bool) -> Response[str]:
    """What is live."""
    return _pages().page(HTTPStatus.OK, "models.html", {"cards": cards, "by_key": by_key})


def recipe_page(
    card: ModelCard,
    instance: object,
    *,
    by_key: bool,
    answer: Answer | None = None,
    problem: Problem | None = None,
) -> Response[str]:
    """A recipe's page.

    instance: what its form is filled with;  answer: of the model to that;  problem: why there is none
    """
    sentence = reason_of(problem.detail, _row_errors(problem)) if problem else None
    values = page_values(card, instance, by_key=by_key, has_others=True, answer=answer, problem=sentence)
    response = _pages().page(problem.status if problem else HTTPStatus.OK, "recipe.html", values)
    response.headers |= problem.headers if problem else {}
    return response


def sign_in_page(
    *,
    status: HTTPStatus = HTTPStatus.OK,
    page: str = "",
    key: str = "",
    problem: str | None = None,
    is_below: bool = False,
) -> Response[str]:
    """The form for a key.

    page: where to go then;  key: of a link, to be sent by a button;  is_below: whether it is shown one folder down
    """
    values = {"page": page, "key": key, "problem": problem, "root": "../" * is_below, "has_links": True}
    return _pages().page(status, "sign_in.html", values)


def refusal_page(problem: Problem) -> Response[str]:
    """What was wrong."""
    response = _pages().refusal(problem.status, problem.status.phrase, problem.detail)
    response.headers |= problem.headers
    return response


def _row_errors(problem: Problem) -> list[RowError]:
    errors = problem.members.get("errors")
    return [RowError.model_validate(each) for each in errors] if isinstance(errors, list) else []
