from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from steps.answers import Output, Row
from steps.model_card import ModelCard, ModelInput
from steps.predictions import NothingAnsweredError, RowError, answer_rows, description_of


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        recipe="reviews",
        description="Is a review positive?",
        not_for="Judging the person who wrote it.",
        task="binary",
        class_names=["negative", "positive"],
        input=ModelInput(text_column="text", features=None, max_text_characters=20),
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


def model(*answers: list[float]) -> Callable[[list[Row]], list[Output]]:
    return lambda rows: [Output(values=values) for values, _ in zip(answers, rows, strict=True)]


def test_rows_that_can_be_answered_are_and_the_others_are_listed_in_place(card: ModelCard) -> None:
    answered = answer_rows(["good", 1, "x" * 21, "bad"], card, model([0.1, 0.9], [0.75, 0.25]))
    labels = [each and each.label for each in answered.predictions]
    assert labels == ["positive", None, None, "negative"]
    assert [error.index for error in answered.errors] == [1, 2]
    assert (answered.model_version, answered.not_for) == ("3", "Judging the person who wrote it.")


def test_a_version_answers_with_its_own_thresholds_and_describes_them(card: ModelCard) -> None:
    card = card.model_copy(update={"thresholds": {"positive": 0.25}})
    answered = answer_rows(["good", "bad"], card, model([0.75, 0.25], [0.76, 0.24]))
    assert [each and each.label for each in answered.predictions] == ["positive", "negative"]
    assert description_of(card).thresholds == {"positive": 0.25}


def test_the_model_is_not_asked_when_there_is_nothing_to_ask(card: ModelCard) -> None:
    def never(_rows: list[Row]) -> list[Output]:
        raise AssertionError

    with pytest.raises(NothingAnsweredError, match="None of the rows") as refusal:
        answer_rows([None, ""], card, never)
    assert refusal.value.is_refusal
    assert [error.index for error in refusal.value.errors] == [0, 1]


def test_numbers_that_are_no_answer_are_the_models_fault(card: ModelCard) -> None:
    some = answer_rows(["a", "b"], card, model([0.5, 0.5], [float("nan"), 0.5]))
    assert some.errors == [RowError(index=1, reason="the model gave no probabilities of negative, positive")]
    with pytest.raises(NothingAnsweredError, match="The model gave no probabilities") as fault:
        answer_rows(["a"], card, model([0.5]))
    assert not fault.value.is_refusal


def test_a_description_does_not_say_where_the_archive_lies(card: ModelCard) -> None:
    assert "s3://" not in description_of(card).model_dump_json()
