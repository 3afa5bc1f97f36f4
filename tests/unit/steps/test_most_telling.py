from __future__ import annotations

from typing import Literal

from steps.contracts import Finding
from steps.most_telling import most_telling


def finding(number: int, verdict: Literal["passed", "failed", "warned"]) -> Finding:
    return Finding(rule=f"rule_{number}", verdict=verdict, observed=0, limit=0, sentence="s" * 100)


def test_findings_that_fit_keep_their_order() -> None:
    findings = [finding(1, "passed"), finding(2, "failed"), finding(3, "warned")]
    assert most_telling(findings, most=3, most_bytes=10_000, where="the report") == findings


def test_of_too_many_the_broken_rules_are_kept_and_the_last_one_says_what_is_left_out() -> None:
    findings = [finding(1, "passed"), finding(2, "warned"), finding(3, "failed"), finding(4, "warned")]
    kept = most_telling(findings, most=3, most_bytes=10_000, where="the report")
    assert [each.rule for each in kept] == ["rule_3", "rule_2", "further_rules"]
    assert (kept[-1].verdict, kept[-1].sentence) == (
        "warned",
        "0 of 2 further rules failed and 1 warned; the report has all the numbers.",
    )


def test_long_sentences_count_too() -> None:
    findings = [finding(number, "failed") for number in range(10)]
    kept = most_telling(findings, most=50, most_bytes=1000, where="the report")
    assert sum(len(each.model_dump_json()) for each in kept[:-1]) <= 1000
    assert kept[-1].verdict == "failed", "what is left out has failed as well"
    assert len(kept) + kept[-1].observed - 1 == 10
