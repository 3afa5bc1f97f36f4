"""Deploys a template as `sam deploy` does: package, change set, execute, wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from greenlight.errors import FaultError
from greenlight.packaging import Packager
from greenlight.stack_events import ResourceEvent, StackEvents

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
# After a first deployment that failed, CloudFormation lets a stack only be deleted.
NEVER_DEPLOYED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
TIMEOUT_SECONDS = 1800.0


class DeploymentError(FaultError):
    """A deployment failed; the message names the resource and the reason."""


@dataclass(frozen=True)
class Deployment:
    """How a deployment ended: what the stack puts out, and whether anything had to be changed."""

    outputs: dict[str, str]
    changed: bool


class Deployer:
    """Deploys to one account.

    bucket: holds what templates point at; it is created, with bucket_tags, when it is missing
    poll_seconds: how often to look how far CloudFormation is
    """

    def __init__(
        self,
        cloudformation: CloudFormationClient,
        s3: S3Client,
        *,
        bucket: str,
        poll_seconds: float,
        bucket_tags: Mapping[str, str] | None = None,
    ) -> None:
        self._cloudformation = cloudformation
        self._s3 = s3
        self._bucket = bucket
        self._bucket_tags = dict(bucket_tags or {})
        self._poll_seconds = poll_seconds
        self._known_keys: set[str] | None = None

    def deploy(
        self,
        template: Path,
        stack_name: str,
        parameters: Mapping[str, str],
        progress: Callable[[ResourceEvent], None] = lambda _: None,
    ) -> Deployment:
        """Bring a stack to what a template says.

        parameters: a parameter that is not given keeps its value, or has its default in a new stack
        progress: called for every event of the stack and the stacks inside it
        Raises WrongUseError for a wrong template and DeploymentError when CloudFormation fails.
        """
        packager = Packager(self._upload, self._template_url)
        document = packager.package(template)
        url = packager.put_template(document)
        stack = self._describe(stack_name)
        if stack is not None and stack["StackStatus"] in NEVER_DEPLOYED:
            self._delete(stack)
            stack = None
        kept = {} if stack is None else {each["ParameterKey"] for each in stack.get("Parameters", [])}
        given: list[ParameterTypeDef] = [
            {"ParameterKey": name, "ParameterValue": parameters[name]}
            if name in parameters
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in document.get("Parameters", {})
            if name in parameters or name in kept
        ]
        change_set = self._create_change_set(stack_name, stack, url, given)
        if change_set is not None:
            self._execute(change_set, progress)
        final = self._describe(stack_name)
        return Deployment({} if final is None else outputs_of(final), changed=change_set is not None)

    def _create_change_set(
        self, stack_name: str, stack: StackTypeDef | None, url: str, parameters: list[ParameterTypeDef]
    ) -> tuple[str, str] | None:
        """Ids of the stack and of a change set that is ready; None when there is nothing to change."""
        is_new = stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"
        try:
            created = self._cloudformation.create_change_set(
                StackName=stack_name,
                ChangeSetName=f"greenlight-{time.time_ns()}",
                ChangeSetType="CREATE" if is_new else "UPDATE",
                TemplateURL=url,
                Parameters=parameters,
                Capabilities=CAPABILITIES,
            )
        except ClientError as error:
            message = error.response["Error"]["Message"]
            if any(each in message for each in NO_CHANGES):
                return None
            raise DeploymentError(f"{stack_name}: {message}") from error
        status, reason = self._wait_for_change_set(created["Id"])
        if status == "CREATE_COMPLETE":
            return created["StackId"], created["Id"]
        self._cloudformation.delete_change_set(ChangeSetName=created["Id"])
        if any(each in reason for each in NO_CHANGES):
            return None
        if is_new:
            self._cloudformation.delete_stack(StackName=created["StackId"])
        raise DeploymentError(f"{stack_name}: {reason}")

    def _wait_for_change_set(self, change_set_id: str) -> tuple[str, str]:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            change_set = self._cloudformation.describe_change_set(ChangeSetName=change_set_id)
            if change_set["Status"] in {"CREATE_COMPLETE", "FAILED"}:
                return change_set["Status"], change_set.get("StatusReason", "")
            time.sleep(self._poll_seconds)
        raise DeploymentError(f"the change set {change_set_id} was not ready after {TIMEOUT_SECONDS:.0f} s")

    def _execute(self, change_set: tuple[str, str], progress: Callable[[ResourceEvent], None]) -> None:
        stack_id, change_set_id = change_set
        events = StackEvents(self._cloudformation, stack_id)
        self._cloudformation.execute_change_set(ChangeSetName=change_set_id)

        def report() -> None:
            for event in events.new():
                progress(event)

        status = self._wait(stack_id, report)
        if status.endswith("_COMPLETE") and "ROLLBACK" not in status:
            return
        failure = events.first_failure
        if failure is None:
            raise DeploymentError(f"the deployment ended as {status}")
        raise DeploymentError(
            f"{failure.logical_id} ({failure.resource_type}) in {failure.stack_name} failed: {failure.reason}"
        )

    def _wait(self, stack_id: str, meanwhile: Callable[[], object]) -> str:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            stack = self._describe(stack_id)
            # Looked at after the status, so that the last events are not missed.
            meanwhile()
            if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return "DELETE_COMPLETE" if stack is None else stack["StackStatus"]
            time.sleep(self._poll_seconds)
        raise DeploymentError(f"the deployment was not finished after {TIMEOUT_SECONDS:.0f} s; it goes on")

    def _delete(self, stack: StackTypeDef) -> None:
        self._cloudformation.delete_stack(StackName=stack["StackId"])
        status = self._wait(stack["StackId"], lambda: None)
        if status != "DELETE_COMPLETE":
            raise DeploymentError(
                f"the remains of a failed deployment of {stack['StackName']} cannot be deleted: {status}"
            )

    def _describe(self, name: str) -> StackTypeDef | None:
        try:
            return self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            # CloudFormation has no error code of its own for a stack that is not there.
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise

    def _upload(self, key: str, content: bytes) -> str:
        if self._known_keys is None:
            self._known_keys = self._list_or_create_bucket()
        if key not in self._known_keys:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
            self._known_keys.add(key)
        return f"s3://{self._bucket}/{key}"

    def _list_or_create_bucket(self) -> set[str]:
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
            return {each["Key"] for page in pages for each in page.get("Contents", [])}
        except self._s3.exceptions.NoSuchBucket:
            region = self._s3.meta.region_name
            if region == "us-east-1":
                self._s3.create_bucket(Bucket=self._bucket)
            else:
                place = {"LocationConstraint": region}
                self._s3.create_bucket(Bucket=self._bucket, CreateBucketConfiguration=place)  # type: ignore[arg-type]  # any region
            if self._bucket_tags:
                tags: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in self._bucket_tags.items()]
                self._s3.put_bucket_tagging(Bucket=self._bucket, Tagging={"TagSet": tags})
            return set()

    def _template_url(self, address: str) -> str:
        return f"{self._s3.meta.endpoint_url}/{address.removeprefix('s3://')}"


def outputs_of(stack: StackTypeDef) -> dict[str, str]:
    """A stack's outputs by name."""
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
