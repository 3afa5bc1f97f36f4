from __future__ import annotations

from datetime import UTC, datetime

import pytest

from steps.model_card import ModelCard, ModelInput
from steps.recipe_sections.data import FeaturesSection
from tests.unit.serving.fake_models import Lengths


@pytest.fixture
def lengths() -> Lengths:
    return Lengths()


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        recipe="reviews",
        description="Is a review positive?",
        not_for="Judging the person who wrote it.",
        task="binary",
        class_names=["negative", "positive"],
        input=ModelInput(text_column="text", features=None, max_text_characters=50),
        examples=["a good film"],
        model_version="3",
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-reviews/3",
        model_data_uri="s3://bucket/runs/r/model.tar.gz",
        model_digest="1" * 64,
        run_id="reviews-20260302-090000-ab12",
        released_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        metrics={"accuracy": 0.8},
        test_rows=100,
        training_rows=800,
        data_digest="2" * 64,
        recipe_digest="3" * 64,
        code_digest="4" * 64,
        approval="Approved by one person.",
    )


@pytest.fixture
def table_card(card: ModelCard) -> ModelCard:
    features = FeaturesSection(numeric=["area"], categorical=["garage"])
    changes = {
        "recipe": "houses",
        "task": "regression",
        "class_names": [],
        "input": ModelInput(text_column=None, features=features, max_text_characters=50),
        "examples": [{"area": 10, "garage": None}],
    }
    return card.model_copy(update=changes)
