"""What the recipe's behavioural tests found, of the candidate and of the live version.

After Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", ACL 2020.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from steps.contracts import Contract

# Differences of decimal fractions miss their value by less than this.
_ROUNDING = 1e-9

BehaviourKind = Literal["minimum_functionality", "invariance", "directional"]


class BehaviourFailure(Contract):
    """One case that failed, in numbers and in texts of the recipe's own; a test row is named by its number instead."""

    row_number: int | None = Field(default=None, description="Of the test row that was perturbed.")
    before: str | None = Field(default=None, max_length=500, description="What was asked first, if the recipe says so.")
    after: str | None = Field(default=None, max_length=500, description="What was asked then, if the recipe says so.")
    expected: str = Field(max_length=200)
    answered: str = Field(max_length=200)


class BehaviourResult(Contract):
    """One test of the recipe."""

    name: str
    kind: BehaviourKind
    severity: Literal["error", "warn"]
    cases: int
    failures: int
    failure_rate: float
    limit: float = Field(description="Largest failure rate that passes.")
    champion_failure_rate: float | None = Field(default=None, description="None without a comparable live version.")
    examples: list[BehaviourFailure] = Field(default=[], max_length=5)

    @property
    def is_above_limit(self) -> bool:
        """Whether more cases failed than may."""
        return self.failure_rate > self.limit + _ROUNDING

    @property
    def verdict(self) -> Literal["passed", "failed", "warned"]:
        """What it means for the run; a test without a case has shown nothing, so it warns whatever its severity."""
        if not self.cases:
            return "warned"
        broken: Literal["failed", "warned"] = "failed" if self.severity == "error" else "warned"
        return broken if self.is_above_limit else "passed"


class BehaviourReport(Contract):
    """All of them, in the recipe's order."""

    results: list[BehaviourResult] = Field(max_length=50)
