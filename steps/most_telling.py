"""As many findings as a run's state can hold: Step Functions hands on 256 KiB at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

_ORDER = ("failed", "warned", "passed")


def most_telling(findings: Sequence[Finding], *, most: int, most_bytes: int, where: str) -> list[Finding]:
    """All in their order if they fit; else broken rules come first, and the last one says what is left out.

    most, most_bytes: how many, and as how much JSON;  where: the document that has all the numbers
    """
    if len(findings) <= most and sum(map(_size, findings)) <= most_bytes:
        return list(findings)
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.verdict))
    kept: list[Finding] = []
    for finding in ordered[: most - 1]:
        if sum(map(_size, [*kept, finding])) > most_bytes:
            break
        kept.append(finding)
    verdicts = [finding.verdict for finding in ordered[len(kept) :]]
    failed, warned = verdicts.count("failed"), verdicts.count("warned")
    said = f"{failed} of {len(verdicts)} further rules failed" + (f" and {warned} warned" if warned else "")
    rest = Finding(
        rule="further_rules",
        verdict=min(verdicts, key=_ORDER.index),
        observed=failed,
        limit=0,
        sentence=f"{said}; {where} has all the numbers.",
    )
    return [*kept, rest]


def _size(finding: Finding) -> int:
    return len(finding.model_dump_json().encode())
