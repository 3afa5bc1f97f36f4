"""Runs tuning jobs: one thread each, which starts one training after the other and compares them."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, MutableMapping
from typing import Any

from local.home import ACCOUNT, REGION
from local.sagemaker.clients import RoleError
from local.sagemaker.job_runner import LAST_LINES_SECONDS, STOP_GRACE_SECONDS, JobRunner
from local.sagemaker.jobs import TrainingJob
from local.sagemaker.parameter_ranges import Ranges, seeded
from local.sagemaker.tuning_jobs import Trial, TuningJob

logger = logging.getLogger(__name__)

WAIT_SECONDS = 1.0


class _Search:
    """A tuning job while it runs."""

    def __init__(self, job: TuningJob, training_jobs: MutableMapping[str, Any]) -> None:
        self.job = job
        self.training_jobs = training_jobs
        self.done = threading.Event()
        self.lock = threading.Lock()
        self.stop_reason: str | None = None


class TuningRunner:
    """Starts, stops and awaits tuning jobs.

    changed: called when a tuning job has reached its final status.
    """

    def __init__(self, jobs: JobRunner, changed: Callable[[], None]) -> None:
        self._jobs = jobs
        self._changed = changed
        self._searches: dict[str, _Search] = {}

    def start(self, job: TuningJob, training_jobs: MutableMapping[str, Any]) -> None:
        """Run a tuning job in the background.

        training_jobs: SageMaker's training jobs by name, which those of the search are added to
        """
        search = self._searches[job.arn] = _Search(job, training_jobs)
        threading.Thread(target=self._run, args=(search,), name=job.arn, daemon=True).start()

    def stop(self, job: TuningJob, reason: str) -> None:
        """Ask a tuning job to stop, and the training that runs just now. Jobs that have ended stay."""
        search = self._searches.get(job.arn)
        if search is None:
            return
        with search.lock:
            if search.stop_reason is not None or job.ended:
                return
            search.stop_reason = reason
            job.stopping()
            running = [trial.job for trial in job.trials if not trial.job.ended]
        for training in running:
            self._jobs.stop(training, reason)

    def wait(self, job_arn: str, timeout_seconds: float) -> bool:
        """Wait until a tuning job has its final status; False when the time was too short."""
        search = self._searches.get(job_arn)
        return search is None or search.done.wait(timeout_seconds)

    def stop_all(self, reason: str) -> None:
        """Stop every tuning job and wait until all have ended."""
        searches = list(self._searches.values())
        for search in searches:
            self.stop(search.job, reason)
        for search in searches:
            search.done.wait(STOP_GRACE_SECONDS + LAST_LINES_SECONDS)

    def _run(self, search: _Search) -> None:
        job = search.job
        status, reason = "Failed", "InternalServerError: We encountered an internal error. See the server's log."
        try:
            self._try_all(search)
            status, reason = _outcome(job)
        except RoleError as error:
            reason = f"ClientError: {error}"
        except Exception:
            logger.exception("tuning job failed", extra={"job": job.arn})
        with search.lock:
            if search.stop_reason is not None:
                status, reason = "Stopped", search.stop_reason
            job.end(status, reason or None)
        logger.info("job ended", extra={"job": job.arn, "status": status})
        self._searches.pop(job.arn, None)
        search.done.set()
        self._changed()

    def _try_all(self, search: _Search) -> None:
        job = search.job
        ranges, chance = Ranges(job.config["ParameterRanges"]), seeded(job.config.get("RandomSeed"), job.name)
        for number in range(1, job.max_trials + 1):
            tuned = ranges.draw(chance, [trial.tuned for trial in job.trials])
            if tuned is None:
                logger.info("nothing is left to try", extra={"job": job.arn, "trials": len(job.trials)})
                return
            request = job.training_request(number, secrets.token_hex(4), tuned)
            training = TrainingJob(request, ACCOUNT, REGION)
            with search.lock:
                if search.stop_reason is not None:
                    return
                self._jobs.start(training)
                job.trials.append(Trial(training, tuned, job.objective))
                search.training_jobs[training.name] = training
            while not self._jobs.wait(training.arn, WAIT_SECONDS):
                pass


def _outcome(job: TuningJob) -> tuple[str, str]:
    """Final status and reason of a tuning job that nobody stopped."""
    if job.best is not None:
        return "Completed", ""
    failed = [trial.job for trial in job.trials if trial.job.status == "Failed"]
    if failed:
        return "Failed", f"All training jobs failed. The first one, {failed[0].name}: {failed[0].failure_reason}"
    if any(trial.job.status == "Completed" for trial in job.trials):
        name = job.objective["MetricName"]
        return "Failed", f"No training job reported the objective metric {name}; its Regex matched no line of a log."
    return "Failed", "Every training job was stopped."
