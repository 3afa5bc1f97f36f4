"""The columns of a table one by one: missing values, categories and numbers that were not there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.data_findings import share_of
from steps.distributions import NAMED_ROWS, CategorySummary, NumberSummary, seven_digits
from steps.drift_report import ColumnReport
from steps.evaluation_report import Interval
from steps.two_samples import chi_squared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steps.distributions import Distributions

Summary = NumberSummary | CategorySummary


def column_reports(new: Distributions, old: Distributions) -> list[ColumnReport]:
    """One for each column, in the recipe's order. old: of the live version's data, perhaps without some columns"""
    columns: dict[str, Summary] = {**new.numeric, **new.categorical}
    before: dict[str, Summary] = {**old.numeric, **old.categorical}
    known = sum(name in before for name in columns)
    return [_report(name, column, before.get(name), known) for name, column in columns.items()]


def _report(name: str, new: Summary, old: Summary | None, comparisons: int) -> ColumnReport:
    said: dict[str, object] = {"name": name, "missing_share": share_of(new.missing, new.missing + new.rows)}
    if isinstance(new, CategorySummary) and new.categories is not None:
        untrained = [each for each in new.categories if not each.is_trained]
        said |= {
            "untrained_share": share_of(sum(each.rows for each in untrained), new.rows + new.missing),
            "untrained_rows": _first(row for each in untrained for row in each.first_rows),
        }
    if old is not None and old.rows + old.missing and new.rows + new.missing:
        test = chi_squared([new.missing, new.rows], [old.missing, old.rows])
        said |= {
            "live_missing_share": share_of(old.missing, old.missing + old.rows),
            "missing_p_value": min(1.0, test.p_value * comparisons),
        }
    if isinstance(new, NumberSummary) and isinstance(old, NumberSummary) and new.rows and old.rows:
        said |= _beyond(new, old)
    if isinstance(new, CategorySummary) and isinstance(old, CategorySummary):
        said |= _unseen(new, old)
    return ColumnReport.model_validate(said)


def _beyond(new: NumberSummary, old: NumberSummary) -> dict[str, object]:
    """Numbers outside the range: of the whole file the outermost three on each side, else those of the sample."""
    low, high = old.lowest[0].value, old.highest[0].value
    rows = [each.row for each in (*new.lowest, *new.highest) if not low <= each.value <= high]
    # A sample's numbers are rounded, so the range is rounded as they are.
    sampled = sum(not seven_digits(low) <= value <= seven_digits(high) for value in new.sample)
    share = max(share_of(len(set(rows)), new.rows), share_of(sampled, len(new.sample)))
    return {
        "unseen_share": share * share_of(new.rows, new.rows + new.missing),
        "unseen_rows": _first(rows),
        "live_range": Interval(low=low, high=high),
    }


def _unseen(new: CategorySummary, old: CategorySummary) -> dict[str, object]:
    """Words that the earlier file does not have; known when those of both were counted one by one."""
    if new.categories is None or old.categories is None:
        return {}
    known = {each.key for each in old.categories}
    unseen = [each for each in new.categories if each.key not in known]
    return {
        "unseen_share": share_of(sum(each.rows for each in unseen), new.rows + new.missing),
        "unseen_rows": _first(row for each in unseen for row in each.first_rows),
    }


def _first(rows: Iterable[int]) -> list[int]:
    return sorted(set(rows))[:NAMED_ROWS]
