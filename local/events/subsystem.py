"""The part of the server that delivers events and fires schedules."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.events import schedules, stored_objects
from local.events.bus import Bus
from local.events.callers import Callers
from local.events.delivery import Deliveries
from local.events.scheduler import Scheduler
from local.home import Home


class Events:
    """EventBridge and its Scheduler; between start and stop it delivers, before and after it drops what comes."""

    def __init__(self, home: Home) -> None:
        self._stopping = threading.Event()
        self._started = threading.Event()
        callers = Callers(home)
        deliveries = Deliveries(self._stopping.wait)
        self.bus = Bus(callers, deliveries)
        self._scheduler = Scheduler(self.bus, callers, deliveries, lambda: datetime.now(UTC))
        self._thread = threading.Thread(
            target=self._scheduler.run, args=(self._stopping,), name="scheduler", daemon=True
        )

    def install(self) -> None:
        """Plug into moto, and take what `emit` is told."""
        self.bus.install()
        schedules.install()
        stored_objects.install(emit)
        _servers[:] = [self]

    def start(self) -> None:
        """Begin to deliver, and to fire what comes due from now on."""
        self._started.set()
        self._thread.start()

    def stop(self) -> None:
        """Begin no more deliveries; those under way end with the server."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def delivers(self) -> bool:
        """Whether events reach anybody."""
        return self._started.is_set() and not self._stopping.is_set()


# The one that the process serves; more than one in tests only.
_servers: list[Events] = []


def emit(source: str, detail_type: str, detail: Mapping[str, Any], resources: Iterable[str] = ()) -> None:
    """Put an event of an AWS service on the default bus; nothing happens in a process that serves no events.

    source: such as aws.s3;  detail_type: such as `Object Created`;  resources: ARNs
    """
    for server in _servers:
        if server.delivers:
            server.bus.emit(source, detail_type, detail, resources)
