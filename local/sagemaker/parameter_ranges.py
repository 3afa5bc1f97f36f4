"""Values to try, drawn at random from a tuning job's parameter ranges; the same seed draws the same values."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# Draws after which a search takes it that every combination has been tried.
MAX_DRAWS = 1000


class Ranges:
    """A request's ParameterRanges."""

    def __init__(self, ranges: Mapping[str, Any]) -> None:
        self._integer: list[Mapping[str, str]] = list(ranges.get("IntegerParameterRanges") or [])
        self._continuous: list[Mapping[str, str]] = list(ranges.get("ContinuousParameterRanges") or [])
        self._categorical: list[Mapping[str, Any]] = list(ranges.get("CategoricalParameterRanges") or [])

    @property
    def names(self) -> list[str]:
        """Every hyperparameter that is searched."""
        return [each["Name"] for each in (*self._integer, *self._continuous, *self._categorical)]

    def problems(self) -> Iterator[str]:
        """What SageMaker would refuse."""
        if not self.names:
            yield "ParameterRanges is empty"
        for name in sorted({name for name in self.names if self.names.count(name) > 1}):
            yield f"the hyperparameter '{name}' has more than one range"
        for each in (*self._integer, *self._continuous):
            try:
                least, most = float(each["MinValue"]), float(each["MaxValue"])
            except ValueError:
                yield f"the limits of '{each['Name']}' are no numbers"
                continue
            scaling = each.get("ScalingType", "Auto")
            if not least <= most:
                yield f"MinValue of '{each['Name']}' is above its MaxValue"
            elif scaling == "Logarithmic" and least <= 0:
                yield f"Logarithmic scaling of '{each['Name']}' needs a MinValue above 0"
            elif scaling == "ReverseLogarithmic" and not 0 <= least <= most < 1:
                yield f"ReverseLogarithmic scaling of '{each['Name']}' needs values from 0 to below 1"
        for each in self._integer:
            if not all(_is_whole(each[key]) for key in ("MinValue", "MaxValue")):
                yield f"the limits of the integer '{each['Name']}' are not whole"

    def draw(self, chance: random.Random, tried: Collection[Mapping[str, str]]) -> dict[str, str] | None:
        """One combination that was not tried before; None when there seems to be none left."""
        for _ in range(MAX_DRAWS):
            values = {
                **{each["Name"]: str(_draw_integer(each, chance)) for each in self._integer},
                **{each["Name"]: repr(_draw(each, chance)) for each in self._continuous},
                **{each["Name"]: str(chance.choice(each["Values"])) for each in self._categorical},
            }
            if values not in tried:
                return values
        return None


def seeded(seed: int | None, name: str) -> random.Random:
    """The chance of a search: its RandomSeed's, else one that follows from its name."""
    return random.Random(json.dumps(seed if seed is not None else name))  # noqa: S311 - nothing is kept secret by it


def _draw(limits: Mapping[str, str], chance: random.Random) -> float:
    least, most = float(limits["MinValue"]), float(limits["MaxValue"])
    scaling = limits.get("ScalingType", "Auto")
    if scaling == "Logarithmic":
        value = math.exp(chance.uniform(math.log(least), math.log(most)))
    elif scaling == "ReverseLogarithmic":
        value = 1 - math.exp(chance.uniform(math.log(1 - most), math.log(1 - least)))
    else:
        value = chance.uniform(least, most)
    return min(max(value, least), most)


def _draw_integer(limits: Mapping[str, str], chance: random.Random) -> int:
    least, most = int(float(limits["MinValue"])), int(float(limits["MaxValue"]))
    if limits.get("ScalingType", "Auto") in {"Auto", "Linear"}:
        return chance.randint(least, most)
    return min(max(round(_draw(limits, chance)), least), most)


def _is_whole(text: str) -> bool:
    try:
        return float(text).is_integer()
    except ValueError:
        return True  # told as no number already
