from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.conftest import ROLE, TRAINING_IMAGE
from tests.integration.sagemaker.test_sagemaker_training import packed, unpacked

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Eventually = Callable[..., Any]
MakeRequest = Callable[..., dict[str, Any]]

# Refuses what it does not know, as our own scripts do; `fails` and `silent` are tried too.
FIT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--kind", required=True)
arguments = parser.parse_args()
if arguments.kind == "fails":
    raise ValueError("this kind cannot be trained")
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "rate").write_text(repr(arguments.rate))
print("objective validation_loss=9.5")
if arguments.kind != "silent":
    print(f"objective validation_loss={arguments.rate}")
"""


@pytest.fixture(scope="module")
def fit(bucket: Any) -> str:
    uri: str = bucket.put("code/fit/source.tar.gz", packed({"fit.py": FIT}))
    return uri


@pytest.fixture(scope="module")
def sleep(bucket: Any) -> str:
    uri: str = bucket.put("code/sleep/source.tar.gz", packed({"fit.py": "import time; time.sleep(60)"}))
    return uri


@pytest.fixture(scope="module")
def make_request() -> MakeRequest:
    def make(name: str, code: str, *, kinds: tuple[str, ...] = ("good",), jobs: int = 2) -> dict[str, Any]:
        static = {"sagemaker_program": "fit.py", "sagemaker_submit_directory": code, "epochs": 2}
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation_loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": {
                    "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.1", "MaxValue": "0.9"}],
                    "CategoricalParameterRanges": [{"Name": "kind", "Values": [json.dumps(kind) for kind in kinds]}],
                },
                "RandomSeed": 7,
            },
            "TrainingJobDefinition": {
                "StaticHyperParameters": {key: json.dumps(value) for key, value in static.items()},
                "AlgorithmSpecification": {
                    "TrainingImage": TRAINING_IMAGE,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [
                        {"Name": "validation_loss", "Regex": "objective validation_loss=(-?[0-9][-+.0-9eE]*)"}
                    ],
                },
                "RoleArn": ROLE,
                "OutputDataConfig": {"S3OutputPath": f"s3://artifacts/searches/{name}"},
                "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            },
            "Tags": [{"Key": "run", "Value": "r1"}],
        }

    return make


@pytest.fixture
def ended(sagemaker: SageMakerClient, eventually: Eventually) -> Callable[[str], dict[str, Any]]:
    def wait(name: str) -> dict[str, Any]:
        described: dict[str, Any] = eventually(
            lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
            lambda job: job["HyperParameterTuningJobStatus"] in {"Completed", "Failed", "Stopped"},
        )
        return described

    return wait


def trials_of(sagemaker: SageMakerClient, name: str, **order: Any) -> list[dict[str, Any]]:
    return [
        dict(each)
        for each in sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name, **order
        )["TrainingJobSummaries"]
    ]


def test_a_search_trains_one_after_the_other_and_names_the_best(
    sagemaker: SageMakerClient, bucket: Any, fit: str, make_request: MakeRequest, ended: Callable[[str], dict[str, Any]]
) -> None:
    arn = sagemaker.create_hyper_parameter_tuning_job(**make_request("good", fit, jobs=3))["HyperParameterTuningJobArn"]

    job = ended("good")

    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["HyperParameterTuningJobArn"] == arn
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    trials = trials_of(sagemaker, "good", SortBy="FinalObjectiveMetricValue", SortOrder="Ascending")
    values = [trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for trial in trials]
    assert len(set(values)) == 3
    assert values == sorted(values)
    best = job["BestTrainingJob"]
    assert best["TrainingJobName"] == trials[0]["TrainingJobName"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == float(best["TunedHyperParameters"]["rate"])
    model = bucket.read(f"searches/good/{best['TrainingJobName']}/output/model.tar.gz")
    assert unpacked(model) == {"rate": best["TunedHyperParameters"]["rate"].encode()}
    training = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert training["TuningJobArn"] == arn
    assert training["HyperParameters"]["_tuning_objective_metric"] == "validation_loss"
    assert sagemaker.list_tags(ResourceArn=training["TrainingJobArn"])["Tags"] == [{"Key": "run", "Value": "r1"}]
    ended_at = sorted((trial["TrainingStartTime"], trial["TrainingEndTime"]) for trial in trials)
    assert all(before[1] <= after[0] for before, after in pairwise(ended_at))


def test_a_failed_trial_does_not_fail_the_search(
    sagemaker: SageMakerClient, fit: str, make_request: MakeRequest, ended: Callable[[str], dict[str, Any]]
) -> None:
    sagemaker.create_hyper_parameter_tuning_job(**make_request("mixed", fit, kinds=("good", "fails", "silent"), jobs=6))

    job = ended("mixed")

    assert job["HyperParameterTuningJobStatus"] == "Completed"
    counters = job["TrainingJobStatusCounters"]
    assert counters["NonRetryableError"] > 0
    assert counters["Completed"] + counters["NonRetryableError"] == 6
    assert job["BestTrainingJob"]["ObjectiveStatus"] == "Succeeded"
    failed = trials_of(sagemaker, "mixed", StatusEquals="Failed")
    assert all("this kind cannot be trained" in trial["FailureReason"] for trial in failed)
    assert {trial["ObjectiveStatus"] for trial in failed} == {"Failed"}


def test_a_search_of_which_every_training_fails_has_failed_and_says_why(
    sagemaker: SageMakerClient, fit: str, make_request: MakeRequest, ended: Callable[[str], dict[str, Any]]
) -> None:
    sagemaker.create_hyper_parameter_tuning_job(**make_request("bad", fit, kinds=("fails",)))

    job = ended("bad")

    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("All training jobs failed. The first one, bad-001-")
    assert "this kind cannot be trained" in job["FailureReason"]
    assert "BestTrainingJob" not in job


def test_a_search_without_an_objective_has_failed_and_names_it(
    sagemaker: SageMakerClient, fit: str, make_request: MakeRequest, ended: Callable[[str], dict[str, Any]]
) -> None:
    request = make_request("mute", fit, jobs=1)
    request["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"][0]["Regex"] = "no such line=(1)"
    sagemaker.create_hyper_parameter_tuning_job(**request)

    assert ended("mute")["FailureReason"].startswith("No training job reported the objective metric validation_loss")


def test_a_stopped_search_stops_its_training_and_begins_no_other(
    sagemaker: SageMakerClient,
    sleep: str,
    make_request: MakeRequest,
    ended: Callable[[str], dict[str, Any]],
    eventually: Eventually,
) -> None:
    sagemaker.create_hyper_parameter_tuning_job(**make_request("halt", sleep, jobs=5))
    eventually(lambda: trials_of(sagemaker, "halt"), lambda trials: any("TrainingStartTime" in each for each in trials))

    sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="halt")

    job = ended("halt")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert [trial["TrainingJobStatus"] for trial in trials_of(sagemaker, "halt")] == ["Stopped"]
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="halt")
    names = [
        each["HyperParameterTuningJobName"]
        for each in sagemaker.list_hyper_parameter_tuning_jobs(StatusEquals="Stopped")[
            "HyperParameterTuningJobSummaries"
        ]
    ]
    assert names == ["halt"]


CONFIG, DEFINITION = "HyperParameterTuningJobConfig", "TrainingJobDefinition"
WARM_START = {
    "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "a"}],
    "WarmStartType": "TransferLearning",
}
REFUSED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "does not support WarmStartConfig": ((), {"WarmStartConfig": WARM_START}),
    "does not support the strategy Hyperband": ((CONFIG,), {"Strategy": "Hyperband"}),
    "does not support TrainingJobEarlyStoppingType Auto": ((CONFIG,), {"TrainingJobEarlyStoppingType": "Auto"}),
    "the objective metric auc is not in MetricDefinitions": (
        (CONFIG, "HyperParameterTuningJobObjective"),
        {"MetricName": "auc"},
    ),
    "'rate' is both static and searched": ((DEFINITION, "StaticHyperParameters"), {"rate": "1"}),
    "ParameterRanges is empty": ((CONFIG,), {"ParameterRanges": {}}),
    "length less than or equal to 32": ((), {"HyperParameterTuningJobName": "n" * 33}),
    "Could not assume role": ((DEFINITION,), {"RoleArn": "arn:aws:iam::123456789012:role/workflow"}),
    "does not support InstanceCount 2": ((DEFINITION, "ResourceConfig"), {"InstanceCount": 2}),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_searched_is_refused_by_name(
    sagemaker: SageMakerClient, fit: str, make_request: MakeRequest, words: str
) -> None:
    request = make_request("refused", fit)
    path, change = REFUSED[words]
    target = request
    for key in path:
        target = target[key]
    target.update(change)
    with pytest.raises(ClientError, match=words):
        sagemaker.create_hyper_parameter_tuning_job(**request)


def test_a_name_is_used_once_and_an_unknown_one_is_told(
    sagemaker: SageMakerClient, fit: str, make_request: MakeRequest, ended: Callable[[str], dict[str, Any]]
) -> None:
    sagemaker.create_hyper_parameter_tuning_job(**make_request("twice", fit, jobs=1))
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_hyper_parameter_tuning_job(**make_request("twice", fit))
    with pytest.raises(ClientError, match="hyperparameter tuning job nowhere"):
        sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="nowhere")
    ended("twice")
