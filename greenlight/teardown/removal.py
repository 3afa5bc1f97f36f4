"""Removes what a stack and its runs have made. Every step is safe to repeat, so a removal that stopped goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from greenlight.errors import FaultError
from greenlight.stack_events import StackEvents

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from greenlight.target import Target
    from greenlight.teardown.inventory import GroupFound, LayerFound, LogFound

Answer = TypeVar("Answer")

WAIT_SECONDS = 1800.0
_CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
# SageMaker and CloudFormation have one code for everything, so that their words decide.
_GONE_CODES = frozenset({"ResourceNotFoundException", "NoSuchBucket", "404", "ExecutionDoesNotExist"})
_GONE_WORDS = ("could not find", "does not exist", "not found")


class Removal:
    """Removes from one target.

    note: told what is being done, in a few words
    sleep, clock: time, so that a test need not wait
    """

    def __init__(
        self,
        target: Target,
        note: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._note = note
        self._sleep = sleep
        self._clock = clock

    def stop_runs(self, executions: Iterable[str]) -> None:
        """Stop executions and wait for their ends; Step Functions stops their jobs."""
        arns = list(executions)
        for arn in arns:
            self._note(f"stopping run {arn.rpartition(':')[2]}")
            unless_gone(self._target.stepfunctions.stop_execution, executionArn=arn, cause="greenlight destroy")
        for arn in arns:
            self._wait_until(partial(self._is_over, arn), f"run {arn.rpartition(':')[2]} did not stop")

    def delete_endpoints(self, names: Iterable[str]) -> None:
        """Delete endpoints, each when no change of it is under way, and wait until all are gone."""
        endpoints = list(names)
        for name in endpoints:
            self._note(f"deleting endpoint {name}")
            self._wait_until(partial(self._is_deletable, name), f"the change of endpoint {name} did not end")
            if self._endpoint_status(name) != "Deleting":
                unless_gone(self._target.sagemaker.delete_endpoint, EndpointName=name)
        for name in endpoints:
            self._note(f"waiting until endpoint {name} is gone")
            self._wait_until(partial(self._is_gone, name), f"the endpoint {name} is still there")

    def delete_models(self, configs: Iterable[str], models: Iterable[str]) -> None:
        """Delete endpoint configurations and models; the models' archives lie in the bucket."""
        for name in configs:
            self._note(f"deleting endpoint configuration {name}")
            unless_gone(self._target.sagemaker.delete_endpoint_config, EndpointConfigName=name)
        for name in models:
            self._note(f"deleting model {name}")
            unless_gone(self._target.sagemaker.delete_model, ModelName=name)

    def delete_groups(self, groups: Iterable[GroupFound]) -> None:
        """Delete groups of model packages with all their versions."""
        for group in groups:
            for arn in group.packages:
                self._note(f"deleting version {arn.rpartition('/')[2]} of {group.name}")
                unless_gone(self._target.sagemaker.delete_model_package, ModelPackageName=arn)
            unless_gone(self._target.sagemaker.delete_model_package_group, ModelPackageGroupName=group.name)

    def delete_logs(self, logs: Iterable[LogFound]) -> None:
        """Delete log groups, and single streams of groups that others write to as well."""
        for log in logs:
            self._note(f"deleting log {log.stream or log.group}")
            if log.stream is None:
                unless_gone(self._target.logs.delete_log_group, logGroupName=log.group)
            else:
                unless_gone(self._target.logs.delete_log_stream, logGroupName=log.group, logStreamName=log.stream)

    def delete_layers(self, layers: Iterable[LayerFound]) -> None:
        """Delete every version of layers."""
        for layer in layers:
            for version in layer.versions:
                self._note(f"deleting version {version} of layer {layer.name}")
                unless_gone(self._target.functions.delete_layer_version, LayerName=layer.name, VersionNumber=version)

    def delete_stack(self, stack_id: str) -> None:
        """Delete the stack and wait; raises FaultError naming the resource that cannot be deleted."""
        events = StackEvents(self._target.cloudformation, stack_id)
        if self._stack_status(stack_id) != "DELETE_IN_PROGRESS":
            self._target.cloudformation.delete_stack(StackName=stack_id)

        def has_ended() -> bool:
            status = self._stack_status(stack_id)
            # Looked at after the status, so that the last events are not missed.
            for event in events.new():
                self._note(f"{event.logical_id} {event.status}")
            return not status.endswith("_IN_PROGRESS")

        self._wait_until(has_ended, "CloudFormation is still deleting the stack")
        status = self._stack_status(stack_id)
        if status != "DELETE_COMPLETE":
            failure = events.first_failure
            why = f": {failure.logical_id} ({failure.resource_type}): {failure.reason}" if failure else ""
            raise FaultError(
                f"the stack's deletion ended as {status}{why}; put that right and run `greenlight destroy` again"
            )

    def empty_bucket(self, name: str) -> None:
        """Delete every version of every object and every delete marker; the bucket stays."""
        deleted = 0
        for page in self._target.s3.get_paginator("list_object_versions").paginate(Bucket=name):
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects: list[ObjectIdentifierTypeDef] = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries
            ]
            if not objects:
                continue
            # A page holds at most a thousand, which is what DeleteObjects takes.
            answer = self._target.s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
            for error in answer.get("Errors", []):
                raise FaultError(f"s3://{name}/{error.get('Key')} cannot be deleted: {error.get('Message')}")
            deleted += len(objects)
            self._note(f"emptied {name} of {deleted:,} versions")

    def delete_bucket(self, name: str) -> None:
        """Empty a bucket and delete it."""
        self.empty_bucket(name)
        unless_gone(self._target.s3.delete_bucket, Bucket=name)

    def delete_table(self, name: str) -> None:
        """Delete a table and wait until it is gone."""
        self._note(f"deleting table {name}")
        unless_gone(self._target.dynamodb.delete_table, TableName=name)
        self._wait_until(
            lambda: unless_gone(self._target.dynamodb.describe_table, TableName=name) is None,
            f"the table {name} is still there",
        )

    def _is_over(self, arn: str) -> bool:
        found = unless_gone(self._target.stepfunctions.describe_execution, executionArn=arn)
        return found is None or found["status"] != "RUNNING"

    def _endpoint_status(self, name: str) -> str | None:
        found = unless_gone(self._target.sagemaker.describe_endpoint, EndpointName=name)
        return None if found is None else found["EndpointStatus"]

    def _is_deletable(self, name: str) -> bool:
        return self._endpoint_status(name) not in _CHANGING

    def _is_gone(self, name: str) -> bool:
        return self._endpoint_status(name) is None

    def _stack_status(self, stack_id: str) -> str:
        found = unless_gone(self._target.cloudformation.describe_stacks, StackName=stack_id)
        return "DELETE_COMPLETE" if found is None else found["Stacks"][0]["StackStatus"]

    def _wait_until(self, check: Callable[[], bool], otherwise: str) -> None:
        deadline = self._clock() + WAIT_SECONDS
        while not check():
            if self._clock() > deadline:
                raise FaultError(f"{otherwise} after {WAIT_SECONDS:.0f} s; run `greenlight destroy` again to go on")
            self._sleep(self._target.poll_seconds)


def unless_gone(operation: Callable[..., Answer], **parameters: object) -> Answer | None:
    """What a call answers, or None when the service says that the thing is not there."""
    try:
        return operation(**parameters)
    except ClientError as error:
        details = error.response.get("Error", {})
        words = details.get("Message", "").lower()
        if details.get("Code") in _GONE_CODES or any(each in words for each in _GONE_WORDS):
            return None
        raise
