"""What a trial does apart from HTTP and HTML: see that the row can be asked, have the candidate served, ask both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from lambdas.predict.predict import LiveModel, find_model
from steps.answers import Answer
from steps.approval import ApprovalRequest
from steps.errors import PredictionError
from steps.model_card import ModelCard
from steps.pages.model_page import reason_of
from steps.ports import ArtifactStore, EndpointService, Predictor, ReleaseRecords
from steps.predictions import NothingAnsweredError, RowError, answer_rows
from steps.problem import Problem
from steps.row_checks import check_rows
from steps.trial import MAX_QUESTIONS, MAX_STARTS, TrialOffer, TrialRecord
from steps.trial_ports import TrialHosting, TrialRecords

_WHY_NO_ANSWER = {
    "absent": "Its endpoint is not there at the moment. Please ask again in a minute.",
    "busy": "Its endpoint has too much to do just now. Please ask again in a few seconds.",
    "failed": "It did not answer in time. Please ask again: the first answer after a pause takes longer.",
}
_STARTING = "It is being started, for this trial alone. That takes two to five minutes; then please ask again."
_FAILED = (
    "It could not be started, and what there is of it is being removed. You can ask again in ten minutes; if it fails "
    "once more, please tell whoever runs Greenlight."
)
_LEAVING = (
    "It is being removed because it was up for long enough. Please ask again in a minute, and it is started anew."
)


@dataclass(frozen=True)
class Side:
    """One of the two models: its version, and what it answered or why it did not."""

    version: str
    card: ModelCard
    answer: Answer | None = None
    problem: str = ""


@dataclass(frozen=True)
class Tried:
    """A row and what both models said to it.

    champion: None when nothing is live;  problem: why nobody was asked
    """

    offer: TrialOffer
    instance: object
    candidate: Side | None = None
    champion: Side | None = None
    problem: str = ""


@dataclass(frozen=True)
class Services:
    """What a trial asks."""

    store: ArtifactStore
    records: ReleaseRecords
    trials: TrialRecords
    endpoints: EndpointService
    hosting: TrialHosting
    predictor: Predictor


def try_models(
    request: ApprovalRequest, offer: TrialOffer, instance: object, services: Services, *, now: datetime
) -> Tried:
    """Ask both models about one row. The candidate's endpoint is made by the first question that needs it.

    request: one that is open
    """
    tried = Tried(offer, instance)
    checked = check_rows([instance], offer.card.input)
    if checked.errors:
        bad = RowError(index=0, reason=checked.errors[0].reason)
        return replace(tried, problem=reason_of("", [bad]))
    trial = TrialRecord(
        approval_id=request.approval_id,
        recipe=request.facts.recipe,
        run_id=request.facts.run_id,
        execution_arn=request.execution_arn,
        name=offer.name,
        kind=offer.kind,
        deadline=request.deadline,
        asked_at=now,
    )
    # Before anything is made: what is made without a record would never be removed.
    kept = services.trials.count_question(trial, limit=MAX_QUESTIONS)
    if kept is None:
        return replace(
            tried, problem=f"The models were asked {MAX_QUESTIONS} times about this version, and that is all."
        )
    waits_for = _why_not_yet(kept, offer, services, now=now)
    live = _live_model(request.facts.recipe, services)
    with ThreadPoolExecutor(max_workers=2) as pool:
        champion = pool.submit(_ask_champion, live, instance, services) if live else None
        candidate = Side(request.facts.model_version, offer.card, problem=waits_for)
        if not waits_for:
            candidate = _ask(candidate, offer.name, instance, services.predictor)
        return replace(tried, candidate=candidate, champion=champion.result() if champion else None)


def _why_not_yet(trial: TrialRecord, offer: TrialOffer, services: Services, *, now: datetime) -> str:
    """Why the candidate cannot be asked yet; empty when it can. One that does not serve is started."""
    endpoint = services.endpoints.describe(offer.name)
    if endpoint is not None:
        words = {"InService": "", "Failed": _FAILED, "Deleting": _LEAVING}
        return words.get(endpoint.status, _STARTING)
    if trial.starts >= MAX_STARTS:
        return f"It was started {MAX_STARTS} times already, and that is all for this version."
    if services.trials.count_start(trial, now=now):
        services.hosting.prepare(offer)
        services.endpoints.create(offer.name, offer.name, offer.tags)
    return _STARTING


def _live_model(recipe: str, services: Services) -> LiveModel | None:
    try:
        return find_model(recipe, services.records, services.store)
    except Problem:
        return None


def _ask_champion(live: LiveModel, instance: object, services: Services) -> Side:
    side = Side(live.card.model_version, live.card)
    return _ask(side, live.endpoint_name, instance, services.predictor)


def _ask(side: Side, endpoint_name: str, instance: object, predictor: Predictor) -> Side:
    try:
        found = answer_rows([instance], side.card, lambda rows: predictor.predict(endpoint_name, rows))
    except PredictionError as error:
        return replace(side, problem=_WHY_NO_ANSWER[error.why])
    except NothingAnsweredError as error:
        return replace(side, problem=reason_of(str(error), error.errors if error.is_refusal else []))
    return replace(side, answer=found.predictions[0])
