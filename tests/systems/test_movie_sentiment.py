from __future__ import annotations

import socket
from typing import Any

import pytest
from pydantic import ValidationError

from serving.model import load_model
from steps.prepare_run import Facts, plan_run
from steps.recipe import Recipe
from steps.recipe_sections.training import PretrainedSection


def test_bug_the_weights_were_not_pinned_so_the_model_could_not_be_made_again() -> None:
    with pytest.raises(ValidationError, match="sha256"):
        PretrainedSection.model_validate({"package": "weights==1.0"})
    with pytest.raises(ValidationError, match="package"):
        PretrainedSection.model_validate({"package": "weights", "sha256": "0" * 64})


def test_bug_the_base_model_was_fetched_from_a_hub_at_start_up(tweets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a served model asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    [output] = load_model(tweets.model).predict(["wildfire near our town"])
    assert len(output.values) == 2


def test_bug_there_was_no_metric_and_nobody_looked_at_an_answer(reviews: Recipe) -> None:
    document = reviews.model_dump(mode="json")
    for section in ("metrics", "approval", "smoke"):
        with pytest.raises(ValidationError, match=section):
            Recipe.model_validate({key: value for key, value in document.items() if key != section})
    with pytest.raises(ValidationError, match=r"metrics\.gates"):
        Recipe.model_validate(document | {"metrics": {"gates": []}})


def test_bug_the_test_split_was_the_evaluation_split_that_training_stopped_by(facts: Facts, tweets: Any) -> None:
    plan = plan_run(facts, {})
    assert plan.train_model is not None
    channels = {each["ChannelName"] for each in plan.train_model.parameters["InputDataConfig"]}
    assert channels == {"train", "validation"}, "training never sees the rows it is measured on"
    parts = {part: {row["text"] for row in tweets.rows_of(part)} for part in ("train", "validation", "test")}
    assert all(parts.values())
    assert not parts["test"] & (parts["train"] | parts["validation"])
    assert not parts["train"] & parts["validation"]


def test_the_same_text_spelled_otherwise_is_in_one_part_only(tweets: Any) -> None:
    parts = {part: {row["text"].casefold() for row in tweets.rows_of(part)} for part in ("train", "test")}
    assert not parts["train"] & parts["test"]
