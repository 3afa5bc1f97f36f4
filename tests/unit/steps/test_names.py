from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.names import (
    NAME_LIMIT,
    STACK_NAME_LIMIT,
    digest_of,
    endpoint_name,
    job_name,
    model_name,
    stack_name_problem,
    trial_name,
)

LEGAL = re.compile(r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")


def test_a_legal_run_id_stays_as_it_is() -> None:
    assert job_name("reviews-20260302-090000-ab12", "train") == "reviews-20260302-090000-ab12-train"


@given(st.text(max_size=120), st.sampled_from(["preprocess", "train", "evaluate"]))
def test_every_run_id_gives_a_job_name_that_sagemaker_takes(run_id: str, step: str) -> None:
    name = job_name(run_id, step)
    assert LEGAL.match(name)
    assert name.endswith(f"-{step}")


def test_two_long_run_ids_that_differ_only_at_the_end_give_two_job_names() -> None:
    assert job_name("a" * 79 + "1", "train") != job_name("a" * 79 + "2", "train")
    assert len(job_name("a" * 80, "preprocess")) <= NAME_LIMIT


def test_two_run_ids_that_differ_only_in_an_illegal_character_give_two_job_names() -> None:
    assert job_name("run_1", "train") != job_name("run.1", "train")


def test_names_of_models_and_endpoints_are_lower_case() -> None:
    assert model_name("Greenlight", "Reviews-1") == "greenlight-reviews-1"
    assert endpoint_name("Greenlight", "reviews") == "greenlight-reviews"


@pytest.mark.parametrize(("one", "other"), [(("ab", "c"), ("a", "bc")), (("a",), ("a", None)), ((1,), ("1",))])
def test_different_parts_give_different_digests(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert digest_of(*one) != digest_of(*other)


def test_the_order_of_keys_inside_a_part_does_not_matter() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})


@pytest.mark.parametrize("stack", ["g", "greenlight", "team-a-2", "a" * STACK_NAME_LIMIT])
def test_a_legal_stack_name_begins_every_name_of_its_runs(stack: str) -> None:
    assert stack_name_problem(stack) is None
    recipe, run_id = "r" * 30, f"{'r' * 30}-20260302-090000-ab12"
    assert endpoint_name(stack, recipe) == f"{stack}-{recipe}"
    assert model_name(stack, run_id).startswith(f"{stack}-")


@pytest.mark.parametrize("run_id", ["reviews-20260302-090000-ab12", "r" * 60, "of--hand"])
def test_a_trials_name_ends_as_no_other_and_fits(run_id: str) -> None:
    model = model_name("greenlight", run_id)
    name = trial_name(model)
    assert name.startswith("greenlight-")
    assert name.endswith("--trial")
    assert len(name) <= NAME_LIMIT
    assert "--" not in model


@pytest.mark.parametrize("stack", ["", "Green", "2green", "green_light", "green--light", "-g", "g-", "a" * 33])
def test_an_illegal_stack_name_is_told_with_what_to_do(stack: str) -> None:
    problem = stack_name_problem(stack)
    assert problem is not None
    assert problem.startswith(f"the stack cannot be named '{stack}': ")
    assert problem.endswith("such as greenlight")
