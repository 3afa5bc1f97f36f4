"""Log lines of the server: one JSON object each, with the keys that the event was given."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

STANDARD_KEYS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """Formats a record as {"at", "level", "logger", "event", …extra, "exception"}."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; values that JSON does not know become strings."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **{key: value for key, value in vars(record).items() if key not in STANDARD_KEYS},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_to_standard_error() -> None:
    """Send what this process logs to its standard error, which its starter points to the log file."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # One line for each request would bury the rest.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
