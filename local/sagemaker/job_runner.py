"""Runs jobs: one thread and one process each, from the download of the inputs to the final status."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from local.home import Home
from local.processes import ProcessRegistry
from local.sagemaker.clients import Clients, RoleClients, RoleError
from local.sagemaker.fleet import Fleet
from local.sagemaker.images import UnsupportedImageError
from local.sagemaker.job_folder import JobFolder
from local.sagemaker.jobs import MAX_RUNTIME_EXCEEDED, Job, ProcessingJob, TrainingJob, TransformJob
from local.sagemaker.log_stream import LogStream
from local.sagemaker.processing_container import ProcessingContainer
from local.sagemaker.training_container import TrainingContainer
from local.sagemaker.transfers import TransferError
from local.sagemaker.transform_work import LOG_GROUP, TransformError, TransformWork

logger = logging.getLogger(__name__)

# SageMaker gives a container 120 s between SIGTERM and SIGKILL; nobody waits that long for a laptop to stop.
STOP_GRACE_SECONDS = 10.0
LAST_LINES_SECONDS = 5.0
ISOLATION = Path(__file__).parent / "containers" / "isolation"


class Container(Protocol):
    """What differs between the kinds of jobs."""

    log_group: str

    @property
    def command(self) -> list[str]: ...  # noqa: D102 - see the implementations
    @property
    def environment(self) -> dict[str, str]: ...  # noqa: D102
    def prepare(self) -> None: ...  # noqa: D102
    def started(self) -> None: ...  # noqa: D102
    def read_line(self, line: str) -> None: ...  # noqa: D102
    def collect(self, *, succeeded: bool) -> None: ...  # noqa: D102
    def failure(self, exit_code: int, tail: list[str]) -> str: ...  # noqa: D102


class _Run:
    """A job while it runs."""

    def __init__(self, job: Job, folder: JobFolder, work: Container | TransformWork, clients: Clients) -> None:
        self.job = job
        self.clients = clients
        self.folder = folder
        self.work = work
        self.done = threading.Event()
        self.lock = threading.Lock()
        self.stop_reason: str | None = None
        # Ends what the job runs in; None before there is anything to end.
        self.interrupt: Callable[[], object] | None = work.interrupt if isinstance(work, TransformWork) else None


class JobRunner:
    """Starts, stops and awaits jobs; what it knows of them beyond their records ends with the server.

    changed: called when a job has reached its final status.
    """

    def __init__(
        self, home: Home, processes: ProcessRegistry, clients: RoleClients, changed: Callable[[], None]
    ) -> None:
        self._home = home
        self._processes = processes
        self._clients = clients
        self._changed = changed
        self._runs: dict[str, _Run] = {}

    def start(self, job: Job) -> None:
        """Run a job in the background; raises RoleError when SageMaker cannot assume the job's role."""
        clients = self._clients.of(job.role_arn)
        folder = JobFolder(self._home.jobs / job.resource / job.name)
        work: Container | TransformWork
        if isinstance(job, TrainingJob):
            work = TrainingContainer(job, folder, clients.transfers)
        elif isinstance(job, ProcessingJob):
            work = ProcessingContainer(job, folder, clients.transfers)
        elif isinstance(job, TransformJob):
            fleet = Fleet(self._home, self._processes, self._clients, job.name, "transform", log_group=LOG_GROUP)
            work = TransformWork(job, folder, clients, fleet)
        else:
            raise TypeError(f"Nobody knows how to do a {type(job).__name__}")
        run = self._runs[job.arn] = _Run(job, folder, work, clients)
        threading.Thread(target=self._run, args=(run,), name=job.arn, daemon=True).start()

    def stop(self, job: Job, reason: str) -> None:
        """Ask a job to stop; its status is Stopping until its process has ended. Jobs that have ended stay."""
        run = self._runs.get(job.arn)
        if run is None:
            return
        with run.lock:
            if run.stop_reason is not None or run.job.ended:
                return
            run.stop_reason = reason
            run.job.stopping()
            interrupt = run.interrupt
        if interrupt is not None:
            threading.Thread(target=interrupt, daemon=True).start()

    def wait(self, job_arn: str, timeout_seconds: float) -> bool:
        """Wait until a job has its final status; False when the time was too short."""
        run = self._runs.get(job_arn)
        return run is None or run.done.wait(timeout_seconds)

    def stop_all(self, reason: str) -> None:
        """Stop every job and wait until all have ended."""
        runs = list(self._runs.values())
        for run in runs:
            self.stop(run.job, reason)
        deadline = time.monotonic() + STOP_GRACE_SECONDS + LAST_LINES_SECONDS
        for run in runs:
            run.done.wait(max(0.0, deadline - time.monotonic()))

    def _terminate(self, child: subprocess.Popen[bytes]) -> None:
        self._processes.stop(child, grace_seconds=STOP_GRACE_SECONDS)

    def _run(self, run: _Run) -> None:
        status, reason = "Failed", "InternalServerError: We encountered an internal error. See the server's log."
        try:
            status, reason = self._outcome(run)
        except TransformError as error:
            reason = str(error)
        except UnsupportedImageError as error:
            reason = f"ClientError: {error}"
        except (RoleError, TransferError, ValueError, FileNotFoundError, PermissionError) as error:
            reason = f"ClientError: {error}"
        except Exception:
            logger.exception("job runner failed", extra={"job": run.job.arn})
        with run.lock:
            if run.stop_reason is not None:
                status, reason = "Stopped", run.stop_reason
            if status == "Completed":
                run.folder.remove()  # all that counts is in S3; a failed job's folder stays for its owner to look at
            run.job.end(status, reason or None)
        logger.info("job ended", extra={"job": run.job.arn, "status": status})
        self._runs.pop(run.job.arn, None)
        run.done.set()
        self._changed()

    def _outcome(self, run: _Run) -> tuple[str, str]:
        """Final status and reason of a job that nobody stops."""
        run.folder.create()
        if isinstance(run.work, TransformWork):
            run.job.begin()
            run.work.run()
            return "Completed", ""
        run.clients.pull_image(run.job.image)
        run.work.prepare()
        run.clients.watch(run.work.log_group)
        log = LogStream(
            run.clients.logs,
            run.work.log_group,
            f"{run.job.name}/algo-1-{int(time.time())}",
            run.work.read_line,
        )
        exit_code = self._execute(run, run.work, log)
        run.work.collect(succeeded=exit_code == 0)
        if exit_code == 0:
            return "Completed", ""
        return "Failed", run.work.failure(exit_code, list(log.tail))

    def _execute(self, run: _Run, container: Container, log: LogStream) -> int:
        """Run the container's process to its end; returns its exit code."""
        read_end, write_end = os.pipe()
        follower = threading.Thread(target=log.follow, args=(os.fdopen(read_end, "rb", 0),), daemon=True)
        follower.start()
        with run.lock, os.fdopen(write_end, "wb") as output:
            if run.stop_reason is not None:
                return -signal.SIGTERM
            run.job.begin()
            container.started()
            child = self._processes.start(
                self._command(run, container),
                environment=self._environment(run, container),
                cwd=run.folder.opt_ml,
                output=output,
            )
            run.interrupt = partial(self._terminate, child)
        limit = threading.Timer(run.job.max_runtime_seconds, partial(self._exceed, run))
        limit.daemon = True
        limit.start()
        exit_code = child.wait()
        limit.cancel()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # a container ends with its first process
        self._processes.forget(child)
        follower.join(LAST_LINES_SECONDS)
        return exit_code

    def _exceed(self, run: _Run) -> None:
        seconds = run.job.max_runtime_seconds
        self.stop(run.job, f"{MAX_RUNTIME_EXCEEDED}: the job ran longer than MaxRuntimeInSeconds, {seconds} seconds.")

    def _command(self, run: _Run, container: Container) -> list[str]:
        program, *arguments = [run.folder.translate(part) for part in container.command]
        return [sys.executable if program in {"python", "python3"} else program, *arguments]

    def _environment(self, run: _Run, container: Container) -> dict[str, str]:
        environment = {**self._home.child_environment(), **run.clients.environment}
        environment |= {name: run.folder.translate(value) for name, value in container.environment.items()}
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
        # A requirements.txt installs into the job's folder, not into the environment that all jobs share.
        environment["PIP_TARGET"] = str(run.folder.root / "packages")
        # All these come before the interpreter's own libraries: the job's code wins over a project installed there.
        paths = [environment.get("PYTHONPATH", ""), environment["PIP_TARGET"], str(ISOLATION)]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        return environment
