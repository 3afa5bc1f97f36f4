"""One page of a List action: what the caller's filters leave, in the order asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

DEFAULT_PAGE = 100


class Listed(Protocol):
    """A record that a List action can name."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def creation_time(self) -> datetime:
        """When it was made."""

    def summary(self) -> dict[str, Any]:
        """Its entry in the answer."""


def list_page(
    records: Iterable[Listed],
    key: str,
    status_key: str,
    parameters: Mapping[str, Any],
    orders: Mapping[str, Callable[[Any], Any]] | None = None,
) -> dict[str, Any]:
    """The answer with one page of summaries under `key`, newest first unless asked otherwise, and NextToken if needed.

    status_key: where a summary holds what StatusEquals compares;  orders: what else SortBy may say.
    """
    selected = [record for record in records if _is_selected(record, record.summary().get(status_key), parameters)]
    order = parameters.get("SortBy", "CreationTime")
    keys: dict[str, Callable[[Any], Any]] = {
        "Name": lambda record: record.arn,
        "Status": lambda record: record.summary()[status_key],
        **(orders or {}),
    }
    selected.sort(key=lambda record: record.creation_time)
    if order in keys:
        selected.sort(key=keys[order])
    if parameters.get("SortOrder", "Ascending" if order == "Name" else "Descending") == "Descending":
        selected.reverse()
    start = int(parameters.get("NextToken") or 0)
    end = start + int(parameters.get("MaxResults") or DEFAULT_PAGE)
    answer: dict[str, Any] = {key: [record.summary() for record in selected[start:end]]}
    return answer | ({"NextToken": str(end)} if end < len(selected) else {})


def _is_selected(record: Listed, status: str | None, filters: Mapping[str, Any]) -> bool:
    summary = record.summary()
    modified = summary.get("LastModifiedTime", record.creation_time)
    return (
        filters.get("NameContains", "").lower() in record.arn.rpartition("/")[2].lower()
        and filters.get("StatusEquals", status) == status
        and filters.get("CreationTimeAfter", record.creation_time) <= record.creation_time
        and filters.get("CreationTimeBefore", record.creation_time) >= record.creation_time
        and filters.get("LastModifiedTimeAfter", modified) <= modified
        and filters.get("LastModifiedTimeBefore", modified) >= modified
    )
