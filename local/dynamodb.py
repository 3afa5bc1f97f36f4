"""DynamoDB's requests one after the other, as each is one step there.

moto answers them at the same time, and a transaction that fails puts back a copy of the tables that it made when it
began: what another request had written meanwhile would be gone.
"""

from __future__ import annotations

import threading
from typing import Any

from moto.dynamodb.responses import DynamoHandler

_lock = threading.RLock()
_call_action = DynamoHandler.call_action


def install() -> None:
    """Let moto answer one request at a time."""
    DynamoHandler.call_action = _one_at_a_time  # type: ignore[method-assign]


def _one_at_a_time(self: Any) -> Any:  # noqa: ANN401 - moto's own method
    with _lock:
        return _call_action(self)
