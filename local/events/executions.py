"""Step Functions' "Step Functions Execution Status Change" events.

Source: Step Functions developer guide, "EventBridge (CloudWatch Events) for Step Functions execution status changes".
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypeAlias

# moto's Execution.
AnyExecution: TypeAlias = Any

# Beyond this the event leaves input and output out.
INCLUDED_BYTES = 248 * 1024


def status_detail(execution: AnyExecution) -> dict[str, Any]:
    """What the event says of an execution that has begun, or ended."""
    output = None if execution.output is None else json.dumps(execution.output)
    as_text = {"input": execution.execution_input, "output": output}
    included = sum(len((each or "").encode()) for each in as_text.values()) <= INCLUDED_BYTES
    return {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "stateMachineVersionArn": getattr(execution, "state_machine_version_arn", None),
        "stateMachineAliasArn": getattr(execution, "state_machine_alias_arn", None),
        "name": execution.name,
        "status": str(execution.status),
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        **(as_text if included else dict.fromkeys(as_text)),
        "inputDetails": {"included": included},
        "outputDetails": {"included": included} if output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def _milliseconds(when: datetime | None) -> int | None:
    return None if when is None else int(when.timestamp() * 1000)
