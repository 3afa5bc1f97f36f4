"""How log lines are shown to a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from greenlight.log_lines import function_lines, readable


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("START RequestId: 1", "START RequestId: 1"),
        ("[1, 2]", "[1, 2]"),
        (
            json.dumps({"level": "INFO", "message": "metrics checked", "run_id": "r", "verdict": "passed", "rows": 3}),
            'INFO metrics checked verdict="passed" rows=3',
        ),
        (
            json.dumps({"_aws": {"CloudWatchMetrics": []}, "run_id": "r", "outcome": "Released", "RunsEnded": [1.0]}),
            'METRIC outcome="Released" RunsEnded=[1.0]',
        ),
        (
            json.dumps({"level": "ERROR", "message": "failed", "exception_name": "E", "exception": "Trace\n  back"}),
            "ERROR failed\nTrace\n  back",
        ),
        ('{"no": "message"}', '{"no": "message"}'),
    ],
)
def test_a_function_s_line_is_shown_without_what_every_line_has(line: str, shown: str) -> None:
    assert readable(line) == shown


class _Logs:
    """CloudWatch Logs with one group and one line."""

    def get_paginator(self, operation: str) -> Any:
        pages: dict[str, dict[str, Any]] = {
            "describe_log_groups": {
                "logGroups": [{"logGroupName": "/aws/lambda/gl-Workflow-1A-CheckMetricsFunction-X9"}]
            },
            "filter_log_events": {"events": [{"timestamp": 0, "message": '{"level":"INFO","message":"done"}\n'}]},
        }

        class Paginator:
            def paginate(self, **_filters: Any) -> list[dict[str, Any]]:
                return [pages[operation]]

        return Paginator()


def test_a_function_is_named_as_in_the_template() -> None:
    (line,) = function_lines(_Logs(), "gl", "r", datetime.now(UTC), None)  # type: ignore[arg-type]  # a fake client
    assert (line.source, line.text) == ("CheckMetricsFunction", "INFO done")
