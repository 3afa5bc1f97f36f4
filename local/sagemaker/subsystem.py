"""SageMaker as one part of the laptop's server: plugged into moto, started and stopped with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

from moto.sagemaker import urls
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime import urls as runtime_urls

from local.home import ACCOUNT, REGION, Home
from local.processes import ProcessRegistry
from local.sagemaker.clients import RoleClients
from local.sagemaker.deployments import Deployments
from local.sagemaker.endpoints import Endpoint
from local.sagemaker.job_api import JobApi
from local.sagemaker.job_runner import JobRunner
from local.sagemaker.jobs import Job
from local.sagemaker.registry_api import RegistryApi
from local.sagemaker.runtime_api import RuntimeApi
from local.sagemaker.tags_api import TagsApi
from local.sagemaker.tuning_api import TuningApi
from local.sagemaker.tuning_jobs import TuningJob
from local.sagemaker.tuning_runner import TuningRunner

SERVER_STOPPED = "The laptop's server was stopped while the job ran."
SERVER_ENDED = "InternalServerError: The laptop's server ended while the job ran. Start the job again."


class Api(JobApi, TuningApi, RegistryApi, TagsApi):
    """Every action of the SageMaker API; those that nobody here defines are moto's."""


class SageMaker:
    """Jobs, endpoints and the registry.

    changed: called when something that must survive a restart has changed without a request, such as a job's status.
    """

    def __init__(self, home: Home, processes: ProcessRegistry, changed: Callable[[], None] = lambda: None) -> None:
        self._home = home
        clients = RoleClients(home)
        self.jobs = JobRunner(home, processes, clients, changed)
        self.tuning = TuningRunner(self.jobs, changed)
        self.deployments = Deployments(home, processes, clients, changed)

    def install(self) -> None:
        """Plug into moto; call it before anything is served."""
        Api.runner = self.jobs
        Api.tuning = self.tuning
        Api.deployments = RuntimeApi.deployments = self.deployments
        urls.url_paths["{0}/$"] = Api.dispatch
        for path in runtime_urls.url_paths:
            runtime_urls.url_paths[path] = RuntimeApi.dispatch

    def wait(self, job_arn: str, timeout_seconds: float) -> bool:
        """Wait until a job has its final status; False when the time was too short."""
        waiting = self.tuning.wait if f":{TuningJob.resource}/" in job_arn else self.jobs.wait
        return waiting(job_arn, timeout_seconds)

    def start(self) -> None:
        """Bring back what the snapshot says was running; what a crash left on disk of old fleets goes."""
        shutil.rmtree(self._home.endpoints, ignore_errors=True)
        backend = sagemaker_backends[ACCOUNT][REGION]
        records: list[object] = [
            *backend.training_jobs.values(),
            *backend.processing_jobs.values(),
            *backend.hyper_parameter_tuning_jobs.values(),
            *backend.transform_jobs.values(),
        ]
        for job in records:
            if isinstance(job, Job) and not job.ended:
                job.end("Failed", SERVER_ENDED)
        self.deployments.start()
        endpoints: dict[str, object] = dict(backend.endpoints)
        for name, endpoint in endpoints.items():
            if isinstance(endpoint, Endpoint):
                self.deployments.restore(endpoint, partial(backend.endpoints.pop, name))

    def stop(self) -> None:
        """Stop all jobs and servers."""
        self.tuning.stop_all(SERVER_STOPPED)
        self.jobs.stop_all(SERVER_STOPPED)
        self.deployments.stop()
