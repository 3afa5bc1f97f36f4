"""How a processing job's container is prepared, started and emptied."""

from __future__ import annotations

from typing import Any

from local.sagemaker.images import PROCESSES, require
from local.sagemaker.job_folder import JobFolder
from local.sagemaker.jobs import ProcessingJob
from local.sagemaker.log_stream import error_line
from local.sagemaker.transfers import Transfers

EXIT_MESSAGE_CHARACTERS = 1024


class ProcessingContainer:
    """One processing job's folder, command and results."""

    log_group = "/aws/sagemaker/ProcessingJobs"

    def __init__(self, job: ProcessingJob, folder: JobFolder, transfers: Transfers) -> None:
        self._job = job
        self._folder = folder
        self._transfers = transfers
        self._outputs: list[dict[str, Any]] = [
            output
            for output in (job.request.get("ProcessingOutputConfig") or {}).get("Outputs", [])
            if not output.get("AppManaged")
        ]

    @property
    def command(self) -> list[str]:
        """Entry point and arguments, their paths still those of the container."""
        specification = self._job.request["AppSpecification"]
        return [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]

    @property
    def environment(self) -> dict[str, str]:
        """What the container's environment holds beside AWS's own variables."""
        return {"PROCESSING_JOB_NAME": self._job.name, **(self._job.request.get("Environment") or {})}

    def prepare(self) -> None:
        """Download the inputs and write the configuration files."""
        require(self._job.image, PROCESSES)
        for source in self._job.request.get("ProcessingInputs") or []:
            if not source.get("AppManaged"):
                s3 = source["S3Input"]
                self._transfers.download_prefix(s3["S3Uri"], self._folder.path(s3["LocalPath"]))
        for output in self._outputs:
            self._folder.path(output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        self._folder.path("/opt/ml/output").mkdir(exist_ok=True)
        self._folder.write_config("/opt/ml/config/processingjobconfig.json", self._job.describe())
        self._folder.write_config(
            "/opt/ml/config/resourceconfig.json", {"current_host": "localhost", "hosts": ["localhost"]}
        )

    def started(self) -> None:
        """A processing job's description does not tell running from preparing."""

    def read_line(self, line: str) -> None:
        """Nothing in a processing job's log has a meaning to SageMaker."""

    def collect(self, *, succeeded: bool) -> None:
        """Take the exit message, and upload the outputs; after a failure only those that upload continuously."""
        self._job.exit_message = self._folder.read_text("/opt/ml/output/message", EXIT_MESSAGE_CHARACTERS) or None
        for output in self._outputs:
            s3 = output["S3Output"]
            if succeeded or s3["S3UploadMode"] == "Continuous":
                self._transfers.upload_folder(self._folder.path(s3["LocalPath"]), s3["S3Uri"])

    def failure(self, exit_code: int, tail: list[str]) -> str:
        """Why the job failed, for FailureReason."""
        line = error_line(tail) or "See job logs for more information"
        return f"AlgorithmError: {line}, exit code: {exit_code}"
