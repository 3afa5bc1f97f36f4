"""How a rule about data becomes a finding: what was observed, the limit, and a sentence with both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from steps.contracts import Finding
from steps.profile import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steps.profile import RowsFound
    from steps.recipe_sections.data_rules import Rule


def at_most(
    name: str, observed: float, rule: Rule[int] | Rule[float], *, what: str, remedy: str, limited: str = ""
) -> Finding:
    """The finding of a ceiling; a value on it passes.

    name: key below data_rules;  what: begins the sentence;  remedy: what to do, as a sentence without its end
    limited: the limit in words, for a share the default
    """
    limited = limited or f"that is {observed:.2%}, and at most {rule.limit:.2%} are allowed"
    return _judged(name, observed, rule, passed=observed <= rule.limit, what=what, limited=limited, remedy=remedy)


def at_least(
    name: str, observed: float, rule: Rule[int] | Rule[float], *, what: str, remedy: str, limited: str
) -> Finding:
    """The finding of a floor; a value on it passes."""
    return _judged(name, observed, rule, passed=observed >= rule.limit, what=what, limited=limited, remedy=remedy)


def _judged(
    name: str, observed: float, rule: Rule[int] | Rule[float], *, passed: bool, what: str, limited: str, remedy: str
) -> Finding:
    beyond: Literal["failed", "warned"] = "failed" if rule.severity == "error" else "warned"
    return Finding(
        rule=name,
        verdict="passed" if passed else beyond,
        observed=observed,
        limit=rule.limit,
        sentence=f"{what} ({limited})." if passed else f"{what}; {limited}. {remedy}, or change data_rules.{name}.",
    )


def share_of(part: int, total: int) -> float:
    """The part's share; 0 of nothing."""
    return part / total if total else 0.0


def counted(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def places(found: RowsFound, most: int = EXAMPLES) -> str:
    """`row 3 (line 4), row 9 (line 10) and 5 more`; without room for one, `7 rows`."""
    shown = found.places[:most]
    if not shown:
        return counted(found.count, "row")
    named = ", ".join(str(place) for place in shown)
    more = found.count - len(shown)
    return f"{named} and {more} more" if more else named


def listed(details: Sequence[str]) -> str:
    """` (a; b)`, or nothing without details."""
    return f" ({'; '.join(details)})" if details else ""
