"""RunSmokeTests: does the live endpoint answer the recipe's questions, rightly and in time?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from steps.answers import NO_THRESHOLDS, Answer, Output, read_answer
from steps.contracts import RunSmokeTestsResult, SmokeAnswer
from steps.evaluated_rows import EvaluatedRow, is_same
from steps.recipe_sections.release import SmokeCase, SmokeSection
from steps.shortened import shortened

if TYPE_CHECKING:
    from steps.recipe import Task

# What the state keeps of one expected or given answer; a hundred labels have room for more.
_ANSWER_BYTES = 400
_told = partial(shortened, limit=_ANSWER_BYTES)


@dataclass(frozen=True)
class Reply:
    """What came back for one case: the model's numbers, or the words of an error."""

    latency_ms: float
    output: Output | None = None
    error: str | None = None


def judge_smoke_tests(
    task: Task,
    smoke: SmokeSection,
    class_names: Sequence[str],
    replies: Sequence[Reply],
    evaluated: Sequence[tuple[EvaluatedRow, Reply]] = (),
    *,
    thresholds: Mapping[str, float] = NO_THRESHOLDS,
) -> RunSmokeTestsResult:
    """Compare each case with its reply, and what the endpoint gives for evaluated rows with what they had.

    class_names: in the order of the model's outputs, none for a regression
    replies: one per case, in the recipe's order
    evaluated: rows that the evaluated model answered, each with the endpoint's reply
    thresholds: class or label -> probability from which it is answered, as read_answer takes them
    Raises ValueError when there are more or fewer replies than cases.
    """
    answers = [read_answer(task, class_names, reply.output, thresholds) if reply.output else None for reply in replies]
    no_answer = _no_answer(task, len(class_names))
    judged = [
        _judge(number, case, reply, answer, no_answer=no_answer, max_latency_ms=smoke.max_latency_ms)
        for number, (case, reply, answer) in enumerate(zip(smoke.cases, replies, answers, strict=True), start=1)
    ]
    compared = [
        _difference(number, row, reply, smoke.max_latency_ms) for number, (row, reply) in enumerate(evaluated, start=1)
    ]
    failures = [sentence for sentence in [*(sentence for _, sentence in judged), *compared] if sentence]
    asked = len(judged) + len(evaluated)
    reason = failures[0] if failures else _all_passed(len(judged), len(evaluated))
    if len(failures) > 1:
        reason += f" {len(failures)} of {asked} cases failed."
    return RunSmokeTestsResult(
        verdict="failed" if failures else "passed",
        answers=[answer for answer, _ in judged],
        reason=reason,
        evaluated_rows=len(compared),
        evaluated_rows_alike=compared.count(""),
    )


def _judge(
    number: int, case: SmokeCase, reply: Reply, answer: Answer | None, *, no_answer: str, max_latency_ms: int
) -> tuple[SmokeAnswer, str]:
    """The answer, and why it fails; an empty sentence when it passes."""
    sentence = ""
    if reply.error is not None:
        sentence = f"Smoke case {number} got no answer: {reply.error}."
    elif answer is None:
        sentence = f"Smoke case {number} was answered with {no_answer}."
    elif not _is_right(case, answer):
        given = f"{_given(answer)} with probability {answer.probability:.2f}" if answer.probability else _given(answer)
        sentence = f"Smoke case {number} must be {_wanted(case)}, but the endpoint answered {given}."
    elif reply.latency_ms > max_latency_ms:
        sentence = f"Smoke case {number} took {reply.latency_ms:.0f} ms; {max_latency_ms} ms are allowed."
    judged = SmokeAnswer(
        case=number,
        expected=_told(_wanted(case, quote="")),
        answered=_told(_given(answer, quote="")) if answer else "",
        probability=(answer.probability or 0.0) if answer else 0.0,
        latency_ms=round(reply.latency_ms, 1),
        passed=not sentence,
    )
    return judged, sentence


def _difference(number: int, row: EvaluatedRow, reply: Reply, max_latency_ms: int) -> str:
    """Why the endpoint is not the model that was evaluated; empty when it is."""
    if reply.output is None:
        return f"Held-back row {number} got no answer: {reply.error}."
    if not is_same(row, reply.output):
        wanted, given = (_told(", ".join(map(_number, values))) for values in (row.values, reply.output.values))
        return f"Held-back row {number} was answered {wanted} by the evaluated model, but {given} by the endpoint."
    if reply.latency_ms > max_latency_ms:
        return f"Held-back row {number} took {reply.latency_ms:.0f} ms; {max_latency_ms} ms are allowed."
    return ""


def _all_passed(cases: int, evaluated: int) -> str:
    words = [f"All {cases} smoke cases were answered rightly and in time."] if cases else []
    if evaluated:
        words.append(f"{evaluated} held-back rows were answered as by the evaluated model.")
    return " ".join(words)


def _is_right(case: SmokeCase, answer: Answer) -> bool:
    if answer.value is not None:
        above = case.minimum is None or answer.value >= case.minimum
        return above and (case.maximum is None or answer.value <= case.maximum)
    if answer.labels is not None:
        return set(answer.labels) == set(case.labels or [])
    return answer.label == case.label


def _wanted(case: SmokeCase, quote: str = "'") -> str:
    """What must be the answer: `'label'`, `'one', 'two'`, `no label`, `from 1 to 2` or `at least 1`."""
    if case.minimum is not None and case.maximum is not None:
        return f"from {_number(case.minimum)} to {_number(case.maximum)}"
    if case.minimum is not None:
        return f"at least {_number(case.minimum)}"
    if case.maximum is not None:
        return f"at most {_number(case.maximum)}"
    return _names([case.label] if case.label is not None else case.labels or [], quote)


def _given(answer: Answer, quote: str = "'") -> str:
    if answer.value is not None:
        return _number(answer.value)
    return _names([answer.label] if answer.label is not None else answer.labels or [], quote)


def _names(names: Sequence[str], quote: str) -> str:
    return ", ".join(f"{quote}{name}{quote}" for name in names) or "no label"


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _no_answer(task: Task, n_outputs: int) -> str:
    if task == "regression":
        return "no single number"
    return f"no probabilities of the {n_outputs} {'labels' if task == 'multi_label' else 'classes'}"
