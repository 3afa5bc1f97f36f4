"""Brings endpoints up, changes and removes them: a new fleet is healthy before the old one lets go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from local.home import Home
from local.processes import ProcessRegistry
from local.sagemaker.clients import RoleClients
from local.sagemaker.endpoints import Endpoint
from local.sagemaker.fleet import Fleet, FleetError, Variant

logger = logging.getLogger(__name__)

SERVER_ENDED = "The laptop's server ended while the endpoint was being created. Delete it and create it again."
UPDATE_INTERRUPTED = "The laptop's server ended during an update; the endpoint serves what it served before."
# Longer than a model takes to load, shorter than a caller's patience.
RESTORE_SECONDS = 20.0


class Deployments:
    """The fleets of all endpoints; they end with the server and start again with it.

    changed: called when an endpoint has reached a status that must survive a restart.
    """

    def __init__(
        self, home: Home, processes: ProcessRegistry, clients: RoleClients, changed: Callable[[], None]
    ) -> None:
        self._home = home
        self._processes = processes
        self._clients = clients
        self._changed = changed
        self._serving: dict[str, Fleet] = {}
        self._starting: set[Fleet] = set()
        self._coming_back: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._open = False

    def start(self) -> None:
        """Bring endpoints up from now on."""
        self._open = True

    def fleet_of(self, endpoint_name: str) -> Fleet | None:
        """What answers for an endpoint; None when nothing does.

        On AWS a SystemUpdating endpoint goes on answering, so a request that meets one coming back here waits for it.
        """
        coming_back = self._coming_back.get(endpoint_name)
        if coming_back is not None:
            coming_back.wait(RESTORE_SECONDS)
        return self._serving.get(endpoint_name)

    def create(self, endpoint: Endpoint, variants: Sequence[Variant]) -> None:
        """Bring a new endpoint up in the background: Creating, then InService or Failed."""
        self._in_background(endpoint, endpoint.endpoint_config_name, variants, "Failed")

    def update(self, endpoint: Endpoint, config_name: str, variants: Sequence[Variant]) -> None:
        """Exchange an endpoint's fleet in the background; when that fails, it serves on: InService either way."""
        endpoint.pending_config_name = config_name
        endpoint.move_to("Updating")
        self._in_background(endpoint, config_name, variants, "InService")

    def delete(self, endpoint: Endpoint, forget: Callable[[], object]) -> None:
        """Stop serving, then forget the endpoint, in the background."""
        endpoint.move_to("Deleting")

        def remove() -> None:
            fleet = self._serving.pop(endpoint.endpoint_name, None)
            if fleet is not None:
                fleet.stop()
            forget()
            self._changed()

        threading.Thread(target=remove, daemon=True).start()

    def restore(self, endpoint: Endpoint, forget: Callable[[], object]) -> None:
        """Serve an endpoint again that an earlier server served; SystemUpdating until it answers."""
        if endpoint.endpoint_status == "Deleting":
            forget()
        elif endpoint.endpoint_status == "Creating":
            endpoint.move_to("Failed", SERVER_ENDED)
        elif endpoint.endpoint_status != "Failed":
            reason = UPDATE_INTERRUPTED if endpoint.endpoint_status == "Updating" else endpoint.failure_reason
            endpoint.pending_config_name = None
            endpoint.move_to("SystemUpdating", reason)
            self._coming_back[endpoint.endpoint_name] = threading.Event()
            self._in_background(endpoint, endpoint.endpoint_config_name, endpoint.variants, "Failed")

    def stop(self) -> None:
        """Stop every fleet. Endpoints keep their status: the next server brings them back."""
        with self._lock:
            self._open = False
            fleets = [*self._serving.values(), *self._starting]
            self._serving.clear()
        for fleet in fleets:
            fleet.stop()

    def _in_background(
        self, endpoint: Endpoint, config_name: str, variants: Sequence[Variant], status_on_failure: str
    ) -> None:
        fleet = Fleet(self._home, self._processes, self._clients, endpoint.endpoint_name, config_name)
        with self._lock:
            self._starting.add(fleet)
        arguments = (endpoint, config_name, variants, status_on_failure, fleet)
        threading.Thread(target=self._deploy, args=arguments, name=endpoint.arn, daemon=True).start()

    def _deploy(
        self,
        endpoint: Endpoint,
        config_name: str,
        variants: Sequence[Variant],
        status_on_failure: str,
        fleet: Fleet,
    ) -> None:
        reason = "An internal error occurred. See the server's log."
        try:
            fleet.start(variants)
        except FleetError as error:
            reason = str(error)
        except Exception:
            logger.exception("deployment failed", extra={"endpoint": endpoint.endpoint_name})
        else:
            reason = ""
        with self._lock:
            self._starting.discard(fleet)
            retired: Fleet | None = None
            if not self._open:
                retired = fleet  # the server was stopped meanwhile; the next one brings the endpoint up
            elif reason:
                logger.warning("deployment failed", extra={"endpoint": endpoint.endpoint_name, "reason": reason})
                endpoint.pending_config_name = None
                endpoint.move_to(status_on_failure, reason)
            else:
                retired = self._serving.get(endpoint.endpoint_name)
                self._serving[endpoint.endpoint_name] = fleet
                endpoint.serve(config_name, variants)
                logger.info("endpoint serves", extra={"endpoint": endpoint.endpoint_name, "config": config_name})
        coming_back = self._coming_back.pop(endpoint.endpoint_name, None)
        if coming_back is not None:
            coming_back.set()
        self._changed()
        if retired is not None:
            retired.retire()
