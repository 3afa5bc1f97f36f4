from __future__ import annotations

import math
from typing import Any

import pytest

from local.sagemaker.parameter_ranges import Ranges, seeded

ALL = {
    "IntegerParameterRanges": [{"Name": "epochs", "MinValue": "2", "MaxValue": "9", "ScalingType": "Auto"}],
    "ContinuousParameterRanges": [
        {"Name": "l2", "MinValue": "0.001", "MaxValue": "1.0", "ScalingType": "Logarithmic"},
        {"Name": "rate", "MinValue": "0.25", "MaxValue": "0.5", "ScalingType": "Linear"},
        {"Name": "momentum", "MinValue": "0.9", "MaxValue": "0.999", "ScalingType": "ReverseLogarithmic"},
    ],
    "CategoricalParameterRanges": [{"Name": "kind", "Values": ['"a"', '"b"']}],
}


def drawn(ranges: dict[str, Any], *, count: int, seed: int | None = 7) -> list[dict[str, str]]:
    chance = seeded(seed, "name")
    tried: list[dict[str, str]] = []
    for _ in range(count):
        values = Ranges(ranges).draw(chance, tried)
        if values is None:
            break
        tried.append(values)
    return tried


def test_every_value_is_within_its_limits_and_no_combination_comes_twice() -> None:
    values = drawn(ALL, count=200)
    assert len({tuple(each.items()) for each in values}) == 200
    assert {each["kind"] for each in values} == {'"a"', '"b"'}
    assert {int(each["epochs"]) for each in values} == set(range(2, 10))
    for name, least, most in (("l2", 0.001, 1.0), ("rate", 0.25, 0.5), ("momentum", 0.9, 0.999)):
        assert all(least <= float(each[name]) <= most for each in values)


def test_the_same_seed_draws_the_same_values_and_another_does_not() -> None:
    assert drawn(ALL, count=3) == drawn(ALL, count=3)
    assert drawn(ALL, count=3) != drawn(ALL, count=3, seed=8)
    assert drawn(ALL, count=3, seed=None) == drawn(ALL, count=3, seed=None)


def test_logarithmic_scaling_spreads_values_by_their_size() -> None:
    sizes = [math.floor(math.log10(float(each["l2"]))) for each in drawn(ALL, count=300)]
    # Three powers of ten, each with about a third; on a linear scale nine of ten were in the last.
    assert all(70 < sizes.count(size) < 130 for size in (-3, -2, -1))


def test_an_integer_may_be_spread_logarithmically_too() -> None:
    ranges = {
        "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "1000", "ScalingType": "Logarithmic"}]
    }
    values = [int(each["n"]) for each in drawn(ranges, count=100)]
    assert all(1 <= value <= 1000 for value in values)
    assert sum(value < 100 for value in values) > 30


def test_a_search_ends_when_nothing_is_left_to_try() -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "kind", "Values": ["1", "2", "3"]}]}
    assert sorted(each["kind"] for each in drawn(ranges, count=10)) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("Continuous", {"MinValue": "2", "MaxValue": "1"}, "MinValue of 'x' is above its MaxValue"),
        ("Continuous", {"MinValue": "a", "MaxValue": "1"}, "the limits of 'x' are no numbers"),
        (
            "Continuous",
            {"MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic"},
            "Logarithmic scaling of 'x' needs a MinValue above 0",
        ),
        (
            "Continuous",
            {"MinValue": "0", "MaxValue": "1", "ScalingType": "ReverseLogarithmic"},
            "ReverseLogarithmic scaling of 'x' needs values from 0 to below 1",
        ),
        ("Integer", {"MinValue": "0.5", "MaxValue": "1"}, "the limits of the integer 'x' are not whole"),
    ],
)
def test_limits_that_cannot_be_are_told(kind: str, given: dict[str, str], words: str) -> None:
    assert list(Ranges({f"{kind}ParameterRanges": [{"Name": "x", **given}]}).problems()) == [words]


def test_a_hyperparameter_has_one_range_and_a_search_has_some() -> None:
    one = {"Name": "x", "Values": ["1"]}
    assert list(Ranges({"CategoricalParameterRanges": [one, one]}).problems()) == [
        "the hyperparameter 'x' has more than one range"
    ]
    assert list(Ranges({}).problems()) == ["ParameterRanges is empty"]
