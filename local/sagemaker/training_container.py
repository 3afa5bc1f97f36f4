"""How a training job's container is prepared, started and emptied."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.sagemaker.archives import pack
from local.sagemaker.images import TRAINS, require
from local.sagemaker.job_folder import JobFolder
from local.sagemaker.jobs import TrainingJob
from local.sagemaker.log_stream import error_line
from local.sagemaker.transfers import Transfers

TOOLKIT = Path(__file__).parent / "containers" / "tensorflow_training.py"
FAILURE_CHARACTERS = 1024

# The toolkit looks its host up; algo-1, as AWS names it, is known to no laptop's resolver.
HOST = "localhost"


class TrainingContainer:
    """One training job's folder, command and results."""

    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(self, job: TrainingJob, folder: JobFolder, transfers: Transfers) -> None:
        self._job = job
        self._folder = folder
        self._transfers = transfers
        definitions = job.request["AlgorithmSpecification"].get("MetricDefinitions") or []
        self._metrics = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]

    @property
    def command(self) -> list[str]:
        """`train` of the toolkit, unless the request names an entry point of its own."""
        specification = self._job.request["AlgorithmSpecification"]
        if specification.get("ContainerEntrypoint"):
            return [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
        return ["python3", str(TOOLKIT)]

    @property
    def environment(self) -> dict[str, str]:
        """What the container's environment holds beside AWS's own variables."""
        return {
            "TRAINING_JOB_NAME": self._job.name,
            "TRAINING_JOB_ARN": self._job.arn,
            "SAGEMAKER_BASE_DIR": str(self._folder.opt_ml),
            **(self._job.request.get("Environment") or {}),
        }

    def prepare(self) -> None:
        """Download the channels and write the configuration files."""
        require(self._job.image, TRAINS)
        request = self._job.request
        self._job.move_to("Downloading", "Downloading input data")
        channels: list[dict[str, Any]] = request.get("InputDataConfig") or []
        for channel in channels:
            target = self._folder.path(f"/opt/ml/input/data/{channel['ChannelName']}")
            self._transfers.download_prefix(channel["DataSource"]["S3DataSource"]["S3Uri"], target)
        for path in ("model", "code", "output/data"):
            self._folder.path(f"/opt/ml/{path}").mkdir(parents=True)
        parameters = {
            name: self._folder.translate(str(value)) for name, value in (request.get("HyperParameters") or {}).items()
        }
        self._folder.write_config("/opt/ml/input/config/hyperparameters.json", parameters)
        self._folder.write_config(
            "/opt/ml/input/config/inputdataconfig.json",
            {channel["ChannelName"]: _channel_config(channel) for channel in channels},
        )
        instance_type = request["ResourceConfig"].get("InstanceType", "")
        group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [HOST]}
        self._folder.write_config(
            "/opt/ml/input/config/resourceconfig.json",
            {
                "current_host": HOST,
                "hosts": [HOST],
                "network_interface_name": "lo",
                "current_instance_type": instance_type,
                "current_group_name": "homogeneousCluster",
                "instance_groups": [group],
            },
        )

    def started(self) -> None:
        """The script is about to run."""
        self._job.move_to("Training", "Training image download completed. Training in progress.")

    def read_line(self, line: str) -> None:
        """Take a metric from a log line; the last value of each is the final one."""
        for name, pattern in self._metrics:
            if found := pattern.search(line):
                with suppress(ValueError, IndexError):
                    self._job.metrics[name] = (float(found[1]), datetime.now(UTC))

    def collect(self, *, succeeded: bool) -> None:
        """Pack and upload the model and the output data, also of a job that was stopped."""
        if self._job.status == "InProgress":
            if not succeeded:
                return
            self._job.move_to("Uploading", "Uploading generated training model")
        for folder, archive in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
            packed = self._folder.root / archive
            if pack(self._folder.path(f"/opt/ml/{folder}"), packed):
                self._transfers.upload_file(packed, f"{self._job.output_uri}/{archive}")

    def failure(self, exit_code: int, tail: list[str]) -> str:
        """Why the job failed, for FailureReason: what the toolkit wrote into /opt/ml/output/failure, else the log."""
        written = self._folder.read_text("/opt/ml/output/failure", FAILURE_CHARACTERS)
        return f"AlgorithmError: {written or error_line(tail)}, exit code: {exit_code}"


def _channel_config(channel: dict[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    config = {
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return config | ({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {})
