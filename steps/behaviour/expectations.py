"""Whether an answer is what a behavioural test expects, and if not, what was expected and answered instead.

A label that changes, or a number that moves the wrong way, is forgiven when the probability moved by no more than the
test's tolerance; of a number the tolerance is a share of what was answered before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.answers import Answer
    from steps.recipe_sections.behaviour import BehaviourTest, Expectation

# The same row in another batch differs in its last digits.
ROUNDING = 1e-6
NO_ANSWER = "nothing that can be read as an answer"
_MANY = 1000


@dataclass(frozen=True)
class Miss:
    """Why a case failed, in words."""

    expected: str
    answered: str


def miss_of(test: BehaviourTest, before: Answer | None, after: Answer | None) -> Miss | None:
    """What is wrong with the answer after the change; None when nothing is.

    before: what was answered to the row as it was; not looked at by a test of minimum functionality
    None for an answer: the model gave none.
    """
    if test.expect is not None and test.kind == "minimum_functionality":
        return _off_target(test.expect, after)
    if before is None:
        return Miss("an answer to the row as it was", NO_ANSWER)
    if after is None:
        return Miss("an answer", NO_ANSWER)
    if test.expect is None:
        return _moved(before, after, test.tolerance)
    return _wrong_way(test.expect, before, after, test.tolerance)


def _off_target(expect: Expectation, answer: Answer | None) -> Miss | None:
    if answer is None:
        return Miss(_wanted(expect), NO_ANSWER)
    if answer.value is not None:
        below = expect.minimum is not None and answer.value < expect.minimum
        above = expect.maximum is not None and answer.value > expect.maximum
        is_right = not (below or above)
    elif answer.labels is not None:
        given = set(answer.labels)
        is_right = (
            given == set(expect.labels)
            if expect.labels is not None
            else given >= set(expect.includes or []) and not given & set(expect.excludes or [])
        )
    else:
        is_right = answer.label == expect.label
    return None if is_right else Miss(_wanted(expect), answer_words(answer))


def _moved(before: Answer, after: Answer, tolerance: float) -> Miss | None:
    """The answer should have stayed."""
    if before.value is not None and after.value is not None:
        is_same = abs(after.value - before.value) <= (tolerance + ROUNDING) * abs(before.value)
    else:
        changed = set(_answered(before)) ^ set(_answered(after))
        # Of two classes both changed; that which was answered before says by how much.
        looked_at = changed & set(_answered(before)) if before.label is not None else changed
        is_same = all(abs(_gain(name, before, after)) <= tolerance for name in looked_at)
    return None if is_same else Miss(f"{answer_words(before)}, as before", answer_words(after))


def _wrong_way(expect: Expectation, before: Answer, after: Answer, tolerance: float) -> Miss | None:
    """The number or the probability should not have gone that way."""
    if before.value is not None and after.value is not None:
        first, then, name = before.value, after.value, ""
        allowed = (tolerance + ROUNDING) * abs(first)
    else:
        name = expect.of or ""
        first, then = _probability(name, before), _probability(name, after)
        allowed = tolerance + ROUNDING
    lost = first - then if expect.direction == "not_lower" else then - first
    if lost <= allowed:
        return None
    way = "not lower" if expect.direction == "not_lower" else "not higher"
    return Miss(f"{name} {way} than {value_words(first)}".strip(), f"{name} {value_words(then)}".strip())


def answer_words(answer: Answer) -> str:
    """`positive (0.93)`, `insult (0.61), toxic (0.80)`, `no label` or `181,300`."""
    if answer.value is not None:
        return value_words(answer.value)
    given = [f"{name} ({_probability(name, answer):.2f})" for name in _answered(answer)]
    return ", ".join(given) or "no label"


def value_words(value: float) -> str:
    """A probability or a small number with two decimals, a large one with none."""
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:.4g}"


def _wanted(expect: Expectation) -> str:
    if expect.minimum is not None and expect.maximum is not None:
        return f"from {value_words(expect.minimum)} to {value_words(expect.maximum)}"
    if expect.minimum is not None:
        return f"at least {value_words(expect.minimum)}"
    if expect.maximum is not None:
        return f"at most {value_words(expect.maximum)}"
    if expect.label is not None:
        return expect.label
    if expect.labels is not None:
        return _names(expect.labels) or "no label"
    parts = [_names(expect.includes)] if expect.includes else []
    parts += [f"not {_names(expect.excludes)}"] if expect.excludes else []
    return ", ".join(parts)


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)


def _answered(answer: Answer) -> list[str]:
    return answer.labels if answer.labels is not None else [answer.label or ""]


def _gain(name: str, before: Answer, after: Answer) -> float:
    return _probability(name, after) - _probability(name, before)


def _probability(name: str, answer: Answer) -> float:
    return (answer.probabilities or {}).get(name, 0.0)
