from __future__ import annotations

import pickle
from typing import Any

from local.sagemaker.jobs import ProcessingJob, TrainingJob

TRAINING: dict[str, Any] = {
    "TrainingJobName": "fit",
    "AlgorithmSpecification": {"TrainingImage": "tensorflow-training:2.19"},
    "ResourceConfig": {"InstanceCount": 1},
    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/runs/r/train_model/"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "Tags": [{"Key": "run", "Value": "r"}],
}
PROCESSING: dict[str, Any] = {
    "ProcessingJobName": "prepare",
    "AppSpecification": {"ImageUri": "tensorflow-training:2.19"},
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1}},
}


def test_a_training_job_is_described_from_start_to_end_also_after_a_snapshot() -> None:
    job = TrainingJob(TRAINING, "123456789012", "us-east-1")
    assert job.describe()["SecondaryStatus"] == "Starting"
    assert "Tags" not in job.describe()
    assert "FailureReason" not in job.describe()

    job.begin()
    job.move_to("Training", "")
    job.end("Failed", "AlgorithmError: " + "x" * 2000)
    described = pickle.loads(pickle.dumps(job)).describe()  # noqa: S301 - our own record

    assert described["TrainingJobStatus"] == "Failed"
    assert len(described["FailureReason"]) == 1024
    assert (
        described["ModelArtifacts"]["S3ModelArtifacts"] == "s3://artifacts/runs/r/train_model/fit/output/model.tar.gz"
    )
    assert [entry["Status"] for entry in described["SecondaryStatusTransitions"]] == ["Starting", "Training", "Failed"]
    assert all("EndTime" in entry for entry in described["SecondaryStatusTransitions"])


def test_a_job_that_ran_too_long_says_so_in_its_secondary_status() -> None:
    job = TrainingJob(TRAINING, "123456789012", "us-east-1")
    job.stopping()
    job.end("Stopped", "MaxRuntimeExceeded: the job ran longer than …")
    assert job.describe()["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_a_processing_job_runs_for_a_day_unless_told_otherwise() -> None:
    job = ProcessingJob(PROCESSING, "123456789012", "us-east-1")
    assert job.max_runtime_seconds == 86400
    assert job.arn == "arn:aws:sagemaker:us-east-1:123456789012:processing-job/prepare"
    assert job.summary()["ProcessingJobStatus"] == "InProgress"
