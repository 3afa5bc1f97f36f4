"""CloudWatch on the laptop: metrics out of log lines and services, and alarms that go off."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.logs.models import LogsBackend
from moto.sqs.models import sqs_backends

from local.cloudwatch.alarms import Alarms, Emit
from local.cloudwatch.embedded_metrics import embedded_metrics
from local.cloudwatch.metrics import forget_old, keep, publish
from local.home import ACCOUNT, REGION

__all__ = ["CloudWatch"]

logger = logging.getLogger(__name__)

EVALUATION_SECONDS = 5.0


class CloudWatch:
    """Looks at all alarms every few seconds.

    changed: called when alarms have changed by themselves
    emit: told of every alarm that changed, as EventBridge is
    """

    def __init__(self, changed: Callable[[], None], emit: Emit) -> None:
        self._alarms = Alarms(emit)
        self._changed = changed
        self._queues: dict[str, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def install(self) -> None:
        """Plug into moto, before anything is served."""
        self._alarms.install()
        LogsBackend.put_log_events = _reading_metrics(LogsBackend.put_log_events)  # type: ignore[method-assign]

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self, now: datetime) -> None:
        """Look once."""
        self._count_messages()
        forget_old(now)
        if self._alarms.evaluate(now):
            self._changed()

    def _run(self) -> None:
        while not self._stopping.wait(EVALUATION_SECONDS):
            try:
                self.look(datetime.now(UTC))
            except Exception:
                logger.exception("alarms not evaluated")

    def _count_messages(self) -> None:
        """SQS counts by itself; a queue that has been empty before is not counted again."""
        for queue in list(sqs_backends[ACCOUNT][REGION].queues.values()):
            count = int(queue.approximate_number_of_messages)
            if count or self._queues.get(queue.name):
                number = {"ApproximateNumberOfMessagesVisible": (float(count), "Count")}
                publish("AWS/SQS", {"QueueName": queue.name}, number)
            self._queues[queue.name] = count


def _reading_metrics(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def put_log_events(
        self: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> object:
        answer = original(self, log_group_name, log_stream_name, log_events)
        keep(datum for event in log_events for datum in embedded_metrics(event["message"]))
        return answer

    return put_log_events
