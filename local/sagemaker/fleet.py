"""The instances that serve one endpoint config, and which of them answers a request."""

from __future__ import annotations

import contextlib
import logging
import random
import secrets
import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

from local.home import Home
from local.processes import ProcessRegistry
from local.sagemaker.archives import ArchiveError, unpack
from local.sagemaker.clients import Clients, RoleClients, RoleError
from local.sagemaker.images import SERVES, UnsupportedImageError, repository, require
from local.sagemaker.instances import Container, Instance, InstanceError, start_container, stop_instance
from local.sagemaker.job_folder import JobFolder
from local.sagemaker.log_stream import LogStream
from local.sagemaker.transfers import TransferError

logger = logging.getLogger(__name__)

# SageMaker's own limit is 8 minutes unless the variant says otherwise.
STARTUP_SECONDS = 480.0
RESTART_DELAY_SECONDS = 1.0


class FleetError(Exception):
    """A fleet could not be brought up; the message says which variant and why."""


@dataclass(frozen=True)
class HostedContainer:
    """One container of a model, with what it takes to run it."""

    image: str
    model_data_uri: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Variant:
    """One production variant, with what it takes to serve it."""

    name: str
    weight: float
    instance_count: int
    # In the order in which they are called.
    containers: Sequence[HostedContainer]
    startup_seconds: float = STARTUP_SECONDS
    # What a snapshot of before roles counted does not have: such an endpoint says that it cannot assume its role.
    role_arn: str = ""


class Fleet:
    """All instances of one endpoint config.

    folder: receives the unpacked models, `<variant>/<container>/opt/ml/model`; no two fleets share one, because an
    endpoint that goes back to a config may meet the config's last fleet still stopping.
    log_group: the endpoint's, unless the fleet serves something else, such as a transform job
    """

    def __init__(
        self,
        home: Home,
        processes: ProcessRegistry,
        clients: RoleClients,
        endpoint_name: str,
        config_name: str,
        *,
        log_group: str | None = None,
    ) -> None:
        self._home = home
        self._processes = processes
        self._clients = clients
        self._endpoint_name = endpoint_name
        self._log_group = log_group or f"/aws/sagemaker/Endpoints/{endpoint_name}"
        self.folder = home.endpoints / endpoint_name / f"{config_name}-{secrets.token_hex(4)}"
        self._turn = count()
        self._variants: dict[str, Variant] = {}
        self._instances: dict[str, list[Instance]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def start(self, variants: Sequence[Variant]) -> None:
        """Bring every instance up and wait until all are healthy.

        Raises FleetError when one is not; whatever had started is stopped then.
        """
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._start_variant, variants))
        except BaseException:
            self.stop()
            raise
        for variant in variants:
            for position in range(variant.instance_count):
                threading.Thread(target=self._supervise, args=(variant, position), daemon=True).start()

    def choose(self, target_variant: str | None) -> tuple[str, Instance]:
        """The variant and instance for one request: the variant asked for, or one by weight; instances in turn.

        Raises KeyError when there is no such variant.
        """
        if target_variant is not None and target_variant not in self._variants:
            raise KeyError(target_variant)
        variants = list(self._variants.values())
        weights = [variant.weight for variant in variants]
        name = target_variant or (variants[0].name if len(variants) == 1 else _weighted(variants, weights))
        with self._lock:
            instances = self._instances[name]
            return name, instances[next(self._turn) % len(instances)]

    def retire(self) -> None:
        """Let the requests in flight end, then stop."""
        for instance in self._all():
            instance.drain()
        self.stop()

    def stop(self) -> None:
        """Stop every instance and remove the unpacked models."""
        self._stopped.set()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda instance: stop_instance(self._processes, instance), self._all()))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _all(self) -> list[Instance]:
        with self._lock:
            return [instance for instances in self._instances.values() for instance in instances]

    def _start_variant(self, variant: Variant) -> None:
        name = _named(variant)[0][0]
        try:
            clients = self._clients.of(variant.role_arn)
            for name, container in _named(variant):
                require(container.image, SERVES)
                clients.pull_image(container.image)
                self._fetch_model(container, self._container_folder(variant, name), clients)
            clients.watch(self._log_group)
            instances = [self._start_instance(variant, number) for number in range(variant.instance_count)]
            for instance in instances:
                instance.wait_until_healthy(variant.startup_seconds)
        except (UnsupportedImageError, RoleError, TransferError, ArchiveError, InstanceError) as error:
            culprit = error.container if isinstance(error, InstanceError) and error.container else name
            raise FleetError(
                f"The {culprit} container for production variant {variant.name} could not be brought up: {error}"
            ) from error
        self._variants[variant.name] = variant

    def _container_folder(self, variant: Variant, name: str) -> JobFolder:
        return JobFolder(self.folder / variant.name / name)

    def _fetch_model(self, container: HostedContainer, folder: JobFolder, clients: Clients) -> None:
        folder.create()
        archive = folder.opt_ml / "model.tar.gz"
        clients.transfers.download_file(container.model_data_uri, archive)
        unpack(archive, folder.opt_ml / "model")
        archive.unlink()

    def _start_container(
        self, variant: Variant, name: str, hosted: HostedContainer, clients: Clients, stream: str
    ) -> Container:
        return start_container(
            self._home,
            self._processes,
            self._container_folder(variant, name),
            repository=repository(hosted.image),
            environment={**clients.environment, **hosted.environment},
            log=LogStream(clients.logs, self._log_group, stream),
            name=name,
        )

    def _start_instance(self, variant: Variant, number: int) -> Instance:
        clients = self._clients.of(variant.role_arn)
        stream = f"{variant.name}/i-{number:017x}"
        is_pipeline = len(variant.containers) > 1
        with self._lock:
            if self._stopped.is_set():
                raise InstanceError("its fleet was stopped")
            containers: list[Container] = []
            for name, hosted in _named(variant):
                # As AWS names them: a pipeline's containers have a stream each.
                own_stream = f"{stream}/{name}" if is_pipeline else stream
                containers.append(self._start_container(variant, name, hosted, clients, own_stream))
            instance = Instance(containers)
            running = self._instances.setdefault(variant.name, [])
            running[number : number + 1] = [instance]  # appended, or in the place of the one that ended
            return instance

    def _supervise(self, variant: Variant, position: int) -> None:
        """Start an instance again when its process ends by itself, as SageMaker does."""
        while True:
            instance = self._instances[variant.name][position]
            code = instance.wait()
            if self._stopped.wait(RESTART_DELAY_SECONDS):
                return
            stop_instance(self._processes, instance)
            logger.warning("instance ended", extra={"endpoint": self._endpoint_name, "exit_code": code})
            with contextlib.suppress(InstanceError, RoleError):
                self._start_instance(variant, position)


def _weighted(variants: Sequence[Variant], weights: Sequence[float]) -> str:
    return random.choices(variants, weights if any(weights) else None)[0].name  # noqa: S311 - spreads load, no secret


def _named(variant: Variant) -> list[tuple[str, HostedContainer]]:
    """The containers with the names that AWS gives them: primary, or container-1 and so on in a pipeline."""
    if len(variant.containers) == 1:
        return [("primary", variant.containers[0])]
    return [(f"container-{number}", container) for number, container in enumerate(variant.containers, start=1)]


def variant_of(
    production_variant: Mapping[str, Any], role_arn: str, containers: Sequence[Mapping[str, Any]]
) -> Variant:
    """The variant of an endpoint config with the role and the containers of its model."""
    return Variant(
        name=production_variant["VariantName"],
        weight=float(production_variant.get("InitialVariantWeight", 1.0)),
        instance_count=int(production_variant.get("InitialInstanceCount", 1)),
        containers=[
            HostedContainer(
                image=container.get("Image", ""),
                model_data_uri=container.get("ModelDataUrl", ""),
                environment=container.get("Environment") or {},
            )
            for container in containers
        ],
        role_arn=role_arn,
        startup_seconds=float(production_variant.get("ContainerStartupHealthCheckTimeoutInSeconds") or STARTUP_SECONDS),
    )
