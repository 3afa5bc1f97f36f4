from __future__ import annotations

from typing import Any

import pytest

from steps.behaviour.findings import behaviour_findings
from steps.behaviour_report import BehaviourFailure, BehaviourReport, BehaviourResult
from steps.contracts import Finding
from steps.evaluation_report import MetricsReport
from steps.report.quality import behaviour_rows

OWN = BehaviourFailure(after="a dull film.", expected="negative", answered="positive (0.64)")
ROWS = [
    BehaviourFailure(row_number=n, expected="bad (0.60), as before", answered="good (0.70)") for n in (12, 40, 41, 99)
]


def result(failures: int, **changes: Any) -> BehaviourResult:
    given = {"name": "typos", "kind": "invariance", "severity": "error", "cases": 200, "limit": 0.05}
    return BehaviourResult.model_validate(given | {"failures": failures, "failure_rate": failures / 200} | changes)


def findings(*results: BehaviourResult) -> list[Finding]:
    return behaviour_findings(BehaviourReport(results=list(results)))


def test_more_failures_than_the_limit_fail_with_the_numbers_and_up_to_three_rows() -> None:
    [finding] = findings(result(14, examples=ROWS, champion_failure_rate=0.045))
    assert (finding.rule, finding.verdict, finding.observed, finding.limit) == ("behaviour_typos", "failed", 0.07, 0.05)
    assert finding.sentence == (
        "Behavioural test typos (invariance): 14 of 200 cases fail, 7.0%, above the limit 5.0% by 2.0%; the live "
        "version's rate is 4.5%. Test row 12: expected bad (0.60), as before, answered good (0.70); also 40 and 41."
    )


def test_a_test_that_only_warns_warns_and_shows_a_text_of_the_recipes_own() -> None:
    [finding] = findings(result(20, severity="warn", kind="minimum_functionality", examples=[OWN]))
    assert finding.verdict == "warned"
    assert finding.sentence.startswith("Behavioural test typos (minimum functionality): 20 of 200 cases fail, 10.0%,")
    assert finding.sentence.endswith('"a dull film.": expected negative, answered positive (0.64).')


@pytest.mark.parametrize(("failures", "words"), [(10, "on the limit 5.0%."), (3, "within the limit 5.0%.")])
def test_on_the_limit_and_within_it_passes(failures: int, words: str) -> None:
    [finding] = findings(result(failures))
    assert finding.verdict == "passed"
    assert finding.sentence.endswith(words)


def test_a_limit_missed_by_rounding_alone_is_kept() -> None:
    [finding] = findings(result(0, failure_rate=0.1 + 0.2, limit=0.3))
    assert finding.verdict == "passed"


@pytest.mark.parametrize("severity", ["error", "warn"])
def test_a_test_without_a_case_warns_since_it_says_nothing(severity: str) -> None:
    [finding] = findings(result(0, cases=0, failure_rate=0.0, severity=severity))
    assert finding.verdict == "warned"
    assert finding.sentence == (
        "Behavioural test typos (invariance) found no row that it could change, so it says nothing."
    )


def test_the_report_and_the_findings_read_one_verdict() -> None:
    results = [result(0), result(11), result(11, severity="warn"), result(0, cases=0, failure_rate=0.0)]
    verdicts = ["passed", "failed", "warned", "warned"]
    measured = MetricsReport(
        rows=9, candidate={}, champion=None, class_names=[], behaviour=BehaviourReport(results=results)
    )
    assert [finding.verdict for finding in findings(*results)] == verdicts
    assert sorted(row.verdict for row in behaviour_rows(measured)) == sorted(verdicts)


def test_every_test_has_its_finding_in_the_recipes_order() -> None:
    found = findings(result(0, name="one"), result(90, name="two"), result(0, name="three"))
    assert [finding.rule for finding in found] == ["behaviour_one", "behaviour_two", "behaviour_three"]


def test_a_recipe_without_tests_has_no_finding() -> None:
    assert behaviour_findings(None) == []
