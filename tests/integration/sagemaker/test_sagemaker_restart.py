from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.sagemaker.models import sagemaker_backends

from local.processes import ProcessRegistry
from local.sagemaker import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from local.home import Home


def test_stopping_the_server_stops_its_jobs_and_leaves_no_process(
    sagemaker: SageMakerClient,
    subsystem: SageMaker,
    home: Home,
    processing_request: Callable[..., dict[str, Any]],
    eventually: Callable[..., Any],
) -> None:
    sagemaker.create_processing_job(**processing_request("down", "import time; time.sleep(60)"))
    eventually(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="down"), lambda job: "ProcessingStartTime" in job
    )

    subsystem.stop()

    job = sagemaker.describe_processing_job(ProcessingJobName="down")
    assert job["ProcessingJobStatus"] == "Stopped"
    assert job["FailureReason"] == "The laptop's server was stopped while the job ran."
    running = [file for file in home.processes.iterdir() if "job_script" in file.read_text()]
    assert running == []
    subsystem.start()


def test_a_job_that_a_crash_cut_off_has_failed_after_the_restart(
    sagemaker: SageMakerClient,
    home: Home,
    processes: ProcessRegistry,
    processing_request: Callable[..., dict[str, Any]],
    eventually: Callable[..., Any],
) -> None:
    sagemaker.create_processing_job(**processing_request("crash", "import time; time.sleep(60)"))
    eventually(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="crash"), lambda job: "ProcessingStartTime" in job
    )
    jobs = sagemaker_backends["123456789012"]["us-east-1"].processing_jobs
    restored: dict[str, Any] = pickle.loads(pickle.dumps(dict(jobs)))  # noqa: S301 - what the snapshot does
    jobs.clear()
    jobs.update(restored)

    restarted = SageMaker(home, processes)
    restarted.start()
    # It also brings back the endpoints of the tests before.
    restarted.stop()

    job = sagemaker.describe_processing_job(ProcessingJobName="crash")
    assert job["ProcessingJobStatus"] == "Failed"
    assert "ended while the job ran" in job["FailureReason"]
    processes.stop_leftovers()
