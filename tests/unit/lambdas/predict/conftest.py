"""The prediction API with fakes in it: one text model, one of several labels and one of a table, and two keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lambdas.predict import composition, handler
from lambdas.predict.composition import Services
from steps.api_keys import ApiKey, new_key
from steps.contracts import LiveVersion
from steps.model_card import ModelCard, ModelInput
from steps.ports import ArtifactStore, ModelRegistry, ReleaseRecords
from steps.recipe_sections.data import FeaturesSection
from tests.unit.lambdas.predict.calls import SECRET, FakeKeys, FakeModel


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def api_keys() -> dict[str, ApiKey]:
    """Key `app` for programs, and key `link`, which may stand in a link."""
    now = datetime.now(UTC)
    app, _ = new_key("app", secret=SECRET, now=now)
    link, _ = new_key("link", secret=SECRET, now=now, lifetime=timedelta(hours=1), is_in_link=True)
    return {"app": app, "link": link}


@pytest.fixture
def cards(live: LiveVersion) -> dict[str, ModelCard]:
    """The cards of the three models, by recipe."""
    made = live.model_dump(
        include={
            *("model_data_uri", "model_digest", "run_id", "released_at", "data_digest", "recipe_digest", "code_digest")
        }
    )
    text = ModelInput(text_column="text", features=None, max_text_characters=300)
    table = FeaturesSection(numeric=["LotArea"], categorical=["Street"])
    about = {"test_rows": 1279, "training_rows": 6000, "approval": "Approved on 1 February 2026: fine.", **made}
    package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-{}/{}"
    return {
        "reviews": ModelCard(
            recipe="reviews",
            description="Is a review positive?",
            not_for="Judging people.",
            task="binary",
            class_names=["negative", "positive"],
            input=text,
            examples=["Wonderful.", "Dreadful."],
            model_version="1",
            model_package_arn=package.format("reviews", 1),
            metrics={"accuracy": 0.784, "log_loss": 0.5},
            **about,
        ),
        "comments": ModelCard(
            recipe="comments",
            description="What is wrong with a comment?",
            task="multi_label",
            class_names=["rude", "spam"],
            input=text,
            model_version="4",
            model_package_arn=package.format("comments", 4),
            metrics={"average_precision": 0.8},
            **about,
        ),
        "houses": ModelCard(
            recipe="houses",
            description="What will a house sell for?",
            task="regression",
            class_names=[],
            input=ModelInput(text_column=None, features=table, max_text_characters=100),
            examples=[{"LotArea": 8450.0, "Street": "Pave"}, {"LotArea": None, "Street": "<Grvl>"}],
            model_version="2",
            model_package_arn=package.format("houses", 2),
            metrics={"r2": 0.89, "mean_absolute_error": 16000.0},
            **about,
        ),
    }


@pytest.fixture
def publish(records: ReleaseRecords, objects: dict[str, bytes], live: LiveVersion) -> Callable[[ModelCard], None]:
    """Makes a card's version the live one of its recipe."""

    def make_live(card: ModelCard) -> None:
        uri = f"s3://bucket/runs/{card.recipe}/record_release/model_card.json"
        objects[uri] = card.model_dump_json().encode()
        version = {
            "model_version": card.model_version,
            "model_package_arn": card.model_package_arn,
            "endpoint_name": f"greenlight-{card.recipe}",
            "class_names": card.class_names,
            "card_uri": uri,
        }
        records.set_live(card.recipe, live.model_copy(update=version))

    return make_live


@pytest.fixture
def released(cards: dict[str, ModelCard], publish: Callable[[ModelCard], None]) -> None:
    for card in cards.values():
        publish(card)


@pytest.fixture
def access(request: pytest.FixtureRequest) -> str:
    """IAM, unless a test says otherwise: `@pytest.mark.parametrize("access", ["API_KEY"], indirect=True)`."""
    return str(getattr(request, "param", "IAM"))


@pytest.fixture(autouse=True)
def services(  # noqa: PLR0917 - fixtures
    monkeypatch: pytest.MonkeyPatch,
    access: str,
    records: ReleaseRecords,
    artifacts: ArtifactStore,
    registry: ModelRegistry,
    model: FakeModel,
    api_keys: dict[str, ApiKey],
    released: None,  # noqa: ARG001 - everything is live
) -> Services:
    """The composition place of the API, with fakes in it."""
    parts = Services(
        access=access,  # type: ignore[arg-type]  # one of the two, by the test
        records=records,
        store=artifacts,
        registry=registry,
        predictor=model,
        keys=FakeKeys(api_keys),
    )
    monkeypatch.setattr(composition, "services", lambda: parts)
    handler.openapi_document.cache_clear()
    return parts
