"""What a function tells X-Ray: the run it belongs to, and nothing that it answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
FUNCTION = """
import sys
from types import SimpleNamespace

from aws_xray_sdk.core import lambda_launcher

# Where the SDK tells Lambda that it is there; elsewhere it would leave a file behind.
lambda_launcher.TOUCH_FILE_DIR = sys.argv[1]
from lambdas.observed import state_handler

@state_handler
def handler(event, context):
    if event.get("fail"):
        raise LookupError("nothing there")
    return {"approver": "ann@example.com"}

context = SimpleNamespace(
    function_name="check", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="request-1"
)
handler({"run_id": "r1", "plan": {"recipe": "reviews"}}, context)
try:
    handler({"run_id": "r2", "fail": True}, context)
except LookupError:
    pass
"""


def subsegments(received: list[bytes]) -> list[dict[str, Any]]:
    """What the daemon was sent: a header line and a document each."""
    return [json.loads(packet.split(b"\n", 1)[1]) for packet in received]


def test_a_trace_names_the_run_and_holds_no_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))},
            "LAMBDA_TASK_ROOT": str(PROJECT),
            "POWERTOOLS_SERVICE_NAME": "greenlight",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": f"Root=1-{int(time.time()):x}-{'0' * 24};Parent={'1' * 16};Sampled=1",
        }
        subprocess.run(
            [sys.executable, "-c", FUNCTION, str(tmp_path)], env=environment, cwd=PROJECT, check=True, timeout=120
        )
        received = [daemon.recv(65536) for _ in range(2)]
    first, second = subsegments(received)
    assert first["name"] == "## handler"
    assert (first["annotations"]["run_id"], first["annotations"]["recipe"]) == ("r1", "reviews")
    assert first["annotations"]["Service"] == "greenlight"
    assert second["annotations"]["run_id"] == "r2"
    assert second["fault"] or second["error"]
    assert b"ann@example.com" not in b"".join(received)
