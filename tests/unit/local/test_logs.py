from __future__ import annotations

import json
import logging
from pathlib import Path

from local.logs import JsonFormatter


def record(message: str, *, failed: bool = False, **extra: object) -> logging.LogRecord:
    error = ValueError("no")
    info = (ValueError, error, None) if failed else None
    logger = logging.getLogger("local.part")
    return logger.makeRecord("local.part", logging.WARNING, "file.py", 1, message, (), info, extra=extra)


def test_a_line_is_one_json_object_with_the_keys_of_its_event() -> None:
    line = json.loads(JsonFormatter().format(record("job ended", job="a", folder=Path("b"))))
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "warning", "logger": "local.part", "event": "job ended", "job": "a", "folder": "b"}


def test_an_exception_stays_on_the_line_of_its_event() -> None:
    text = JsonFormatter().format(record("job failed", failed=True))
    assert "\n" not in text
    assert json.loads(text)["exception"].endswith("ValueError: no")
