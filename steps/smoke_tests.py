"""RunSmokeTests: does the live endpoint answer the recipe's questions, rightly and in time?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from steps.contracts import RunSmokeTestsResult, SmokeAnswer
from steps.recipe_sections.release import SmokeCase, SmokeSection

# Probabilities of one text, added up, may miss 1 by as much as single precision and rounding allow.
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Reply:
    """What came back for one case: probabilities by class, or the words of an error."""

    latency_ms: float
    probabilities: Sequence[float] = ()
    error: str | None = None


def judge_smoke_tests(smoke: SmokeSection, class_names: Sequence[str], replies: Sequence[Reply]) -> RunSmokeTestsResult:
    """Compare each case with its reply.

    class_names: in the order of the model's outputs;  replies: one per case, in the recipe's order
    Raises ValueError when there are more or fewer replies than cases.
    """
    judged = [
        _judge(number, case, reply, class_names, smoke.max_latency_ms)
        for number, (case, reply) in enumerate(zip(smoke.cases, replies, strict=True), start=1)
    ]
    failures = [sentence for _, sentence in judged if sentence]
    reason = failures[0] if failures else f"All {len(judged)} smoke cases were answered rightly and in time."
    if len(failures) > 1:
        reason += f" {len(failures)} of {len(judged)} cases failed."
    return RunSmokeTestsResult(
        verdict="failed" if failures else "passed", answers=[answer for answer, _ in judged], reason=reason
    )


def best_class(probabilities: Sequence[float], class_names: Sequence[str]) -> str | None:
    """Name of the likeliest class; None when these are no probabilities of these classes."""
    is_distribution = (
        len(probabilities) == len(class_names)
        and all(math.isfinite(value) and 0 <= value <= 1 for value in probabilities)
        and abs(sum(probabilities) - 1) <= _SUM_TOLERANCE
    )
    return (
        class_names[max(range(len(class_names)), key=lambda index: probabilities[index])] if is_distribution else None
    )


def _judge(
    number: int, case: SmokeCase, reply: Reply, class_names: Sequence[str], max_latency_ms: int
) -> tuple[SmokeAnswer, str]:
    """The answer, and why it fails; an empty sentence when it passes."""
    answered = best_class(reply.probabilities, class_names)
    sentence = ""
    if reply.error is not None:
        sentence = f"Smoke case {number} got no answer: {reply.error}."
    elif answered is None:
        sentence = f"Smoke case {number} was answered with no probabilities of the {len(class_names)} classes."
    elif answered != case.label:
        sentence = (
            f"Smoke case {number} must be '{case.label}', but the endpoint answered '{answered}' "
            f"with probability {max(reply.probabilities):.2f}."
        )
    elif reply.latency_ms > max_latency_ms:
        sentence = f"Smoke case {number} took {reply.latency_ms:.0f} ms; {max_latency_ms} ms are allowed."
    answer = SmokeAnswer(
        case=number,
        expected=case.label,
        answered=answered or "",
        probability=max(reply.probabilities) if answered else 0.0,
        latency_ms=round(reply.latency_ms, 1),
        passed=not sentence,
    )
    return answer, sentence
