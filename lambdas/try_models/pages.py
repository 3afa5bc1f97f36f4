"""The page of a trial as HTTP responses."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from lambdas.decide_approval.pages import PAGES
from lambdas.try_models.box import box_values
from lambdas.try_models.try_models import Side, Tried
from lambdas.web_pages import WebPages
from steps.approval import ApprovalRequest
from steps.pages.model_page import bars, said
from steps.trial import TrialOffer

_SHOWN_BARS = 8


@cache
def _pages() -> WebPages:
    return WebPages(PAGES)


def form_page(request: ApprovalRequest, offer: TrialOffer, *, token: str) -> Response[str]:
    """The box on a page of its own, before anything was asked."""
    return _page(HTTPStatus.OK, request, Tried(offer, None), token=token)


def tried_page(request: ApprovalRequest, tried: Tried, *, token: str) -> Response[str]:
    """What both models said."""
    return _page(HTTPStatus.UNPROCESSABLE_ENTITY if tried.problem else HTTPStatus.OK, request, tried, token=token)


def _page(status: HTTPStatus, request: ApprovalRequest, tried: Tried, *, token: str) -> Response[str]:
    candidate, champion = tried.candidate, tried.champion
    both = [side.answer for side in (candidate, champion) if side is not None and side.answer is not None]
    values: dict[str, object] = {
        "request": request,
        "facts": request.facts,
        "token": token,
        "trial": box_values(tried.offer, tried.instance),
        "trial_action": "./trial",
        "sides": [_side("New version", candidate), _side("Live version", champion)],
        "differ": len({said(answer) for answer in both}) > 1,
        "agree": len(both) > 1 and len({said(answer) for answer in both}) == 1,
        "problem": tried.problem,
    }
    return _pages().page(status, "trial.html", values)


def _side(title: str, side: Side | None) -> dict[str, object] | None:
    if side is None:
        return None
    answer = side.answer
    return {
        "title": f"{title} ({side.version})",
        "said": said(answer) if answer else "",
        "bars": bars(answer)[:_SHOWN_BARS] if answer else [],
        "warnings": (answer.warnings or []) if answer else [],
        "problem": side.problem,
        "is_multi_label": side.card.task == "multi_label",
    }


def refusal_page(status: HTTPStatus, heading: str, sentence: str) -> Response[str]:
    """A page for a request that is not even looked at."""
    return _pages().refusal(status, heading, sentence)
