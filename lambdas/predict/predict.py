"""What the prediction API does, apart from HTTP: find the live model, see that its version may answer, ask it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from steps.contracts import LiveVersion
from steps.errors import PredictionError
from steps.model_card import ModelCard, ModelInput
from steps.ports import ArtifactStore, ModelRegistry, Predictor, ReleaseRecords
from steps.predictions import NothingAnsweredError, PredictionRequest, PredictionResponse, answer_rows
from steps.problem import Problem
from steps.recipe_sections.base import NAME_PATTERN

_NAME = re.compile(NAME_PATTERN)
_NAME_CHARACTERS = 30
_BUSY_SECONDS, _ABSENT_SECONDS = 5, 60
# Of versions that were released before there were cards.
_TEXT_OF_OLD_VERSIONS = ModelInput(text_column="text", features=None, max_text_characters=20_000)


@dataclass(frozen=True)
class LiveModel:
    """A recipe's live version: where it answers, and its card."""

    endpoint_name: str
    card: ModelCard


def find_model(recipe: str, records: ReleaseRecords, store: ArtifactStore) -> LiveModel:
    """The live version of a recipe; raises Problem."""
    is_name = len(recipe) <= _NAME_CHARACTERS and _NAME.fullmatch(recipe)
    live = records.live(recipe) if is_name else None
    if live is None:
        raise Problem(
            HTTPStatus.NOT_FOUND, f"No version of a model '{recipe[:_NAME_CHARACTERS]}' is live; GET /models lists all."
        )
    return LiveModel(live.endpoint_name, _card(recipe, live, store))


def live_cards(records: ReleaseRecords, store: ArtifactStore) -> list[ModelCard]:
    """The card of each live version, by recipe; one that is taken away this very moment is left out."""
    found = [(recipe, records.live(recipe)) for recipe in records.live_recipes()]
    return [_card(recipe, live, store) for recipe, live in found if live is not None]


def require_version(asked: str | None, card: ModelCard, registry: ModelRegistry) -> None:
    """Refuse a request for another version than the one that answers; raises Problem."""
    if asked is None or asked == card.model_version:
        return
    if registry.exists(f"{card.model_package_arn.rpartition('/')[0]}/{asked}"):
        raise Problem(
            HTTPStatus.CONFLICT,
            f"Version {asked} of {card.recipe} does not serve; version {card.model_version} does.",
            recipe=card.recipe,
            model_version=card.model_version,
        )
    raise Problem(
        HTTPStatus.NOT_FOUND,
        f"There is no version {asked} of {card.recipe}; version {card.model_version} is live.",
        recipe=card.recipe,
        model_version=card.model_version,
    )


def predict(request: PredictionRequest, model: LiveModel, predictor: Predictor) -> PredictionResponse:
    """Answer the rows that can be answered; raises Problem when there are none."""
    card = model.card
    try:
        return answer_rows(request.instances, card, lambda rows: predictor.predict(model.endpoint_name, rows))
    except PredictionError as error:
        raise _unanswered(error, card) from error
    except NothingAnsweredError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY if error.is_refusal else HTTPStatus.BAD_GATEWAY,
            str(error),
            recipe=card.recipe,
            model_version=card.model_version,
            errors=[each.model_dump() for each in error.errors],
        ) from error


def _card(recipe: str, live: LiveVersion, store: ArtifactStore) -> ModelCard:
    if live.card_uri is not None:
        return _read_card(live.card_uri, store.read)
    return ModelCard(
        recipe=recipe,
        description="",
        task="binary" if len(live.class_names) == 2 else "multi_class",  # noqa: PLR2004 - there were no other tasks
        input=_TEXT_OF_OLD_VERSIONS,
        test_rows=0,
        training_rows=0,
        approval="Released before this was written down.",
        **live.model_dump(
            include={
                *("class_names", "model_version", "model_package_arn", "model_data_uri", "model_digest", "run_id"),
                *("released_at", "metrics", "data_digest", "recipe_digest", "code_digest"),
            }
        ),
    )


@lru_cache(maxsize=64)
def _read_card(uri: str, read: Callable[[str], bytes]) -> ModelCard:
    # A card never changes, so a container reads it once.
    return ModelCard.model_validate_json(read(uri))


def _unanswered(error: PredictionError, card: ModelCard) -> Problem:
    said = {
        "absent": (f"The endpoint of {card.recipe} is not there at the moment.", _ABSENT_SECONDS),
        "busy": (f"The endpoint of {card.recipe} has too much to do just now.", _BUSY_SECONDS),
        "failed": (f"The model of {card.recipe} does not answer at the moment.", _BUSY_SECONDS),
    }
    detail, seconds = said[error.why]
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{detail} Try again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
        recipe=card.recipe,
        model_version=card.model_version,
    )
