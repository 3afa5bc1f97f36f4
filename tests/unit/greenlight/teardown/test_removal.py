from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from greenlight.errors import FaultError, WrongUseError
from greenlight.teardown.removal import WAIT_SECONDS, Removal, unless_gone
from greenlight.teardown.stack_tree import Resource, read_tree


def client_error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class FakeClient:
    """Answers each operation with what it was given: a value, an error, or a list of them in turn."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append((operation, parameters))
            answer = self.answers.get(operation, {})
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, operation: str) -> Any:
        fake = self

        class Pages:
            def paginate(self, **parameters: Any) -> list[Any]:
                answer = fake.answers.get(operation, {})
                fake.calls.append((operation, parameters))
                if callable(answer):
                    return [answer(**parameters)]
                return answer if isinstance(answer, list) else [answer]

        return Pages()


class FakeTarget:
    """A target whose clients are fakes and which waits for nothing."""

    poll_seconds = 0.0

    def __init__(self, **clients: FakeClient) -> None:
        vars(self).update(clients)


def removal(notes: list[str] | None = None, *, clock: list[float] | None = None, **clients: FakeClient) -> Removal:
    target: Any = FakeTarget(**clients)
    told: list[str] = notes if notes is not None else []
    ticks = iter(clock or [0.0] * 1000)
    return Removal(target, told.append, sleep=lambda _seconds: None, clock=lambda: next(ticks))


def test_runs_are_stopped_and_their_ends_awaited() -> None:
    states = FakeClient(describe_execution=[{"status": "RUNNING"}, {"status": "RUNNING"}, {"status": "ABORTED"}])
    notes: list[str] = []
    removal(notes, stepfunctions=states).stop_runs(["arn:execution:machine:run-1"])
    assert notes == ["stopping run run-1"]
    assert [name for name, _ in states.calls] == ["stop_execution", *["describe_execution"] * 3]


def test_an_endpoint_is_deleted_when_its_change_has_ended() -> None:
    gone = client_error("ValidationException", 'Could not find endpoint "arn".')
    updating, serving = {"EndpointStatus": "Updating"}, {"EndpointStatus": "InService"}
    sagemaker = FakeClient(describe_endpoint=[updating, serving, serving, {"EndpointStatus": "Deleting"}, gone])
    removal(sagemaker=sagemaker).delete_endpoints(["a-films"])
    names = [name for name, _ in sagemaker.calls]
    assert names == [*["describe_endpoint"] * 3, "delete_endpoint", *["describe_endpoint"] * 2]


def test_an_endpoint_that_never_settles_is_a_fault_that_says_how_to_go_on() -> None:
    sagemaker = FakeClient(describe_endpoint={"EndpointStatus": "Updating"})
    with pytest.raises(
        FaultError, match=r"change of endpoint a-films did not end after 1800 s; run `greenlight destroy`"
    ):
        removal(clock=[0.0, WAIT_SECONDS + 1], sagemaker=sagemaker).delete_endpoints(["a-films"])


def stack_client(*statuses: str, **answers: Any) -> FakeClient:
    described = [{"Stacks": [{"StackStatus": status}]} for status in statuses]
    return FakeClient(
        describe_stacks=described,
        describe_stack_resources={"StackResources": []},
        **{"describe_stack_events": {"StackEvents": []}, **answers},
    )


def test_a_stack_is_deleted_and_awaited() -> None:
    cloudformation = stack_client("CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    removal(cloudformation=cloudformation).delete_stack("stack-id")
    assert ("delete_stack", {"StackName": "stack-id"}) in cloudformation.calls


def test_a_deletion_that_is_under_way_is_only_awaited() -> None:
    cloudformation = stack_client("DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    removal(cloudformation=cloudformation).delete_stack("stack-id")
    assert "delete_stack" not in [name for name, _ in cloudformation.calls]


def test_a_deletion_that_fails_names_the_resource_and_its_reason() -> None:
    seen: list[Any] = []

    def events(**_parameters: Any) -> dict[str, Any]:
        seen.append(None)
        failed = {
            "EventId": "1",
            "StackName": "a-Storage",
            "LogicalResourceId": "Bucket",
            "ResourceType": "AWS::S3::Bucket",
            "ResourceStatus": "DELETE_FAILED",
            "ResourceStatusReason": "it is not empty",
            "Timestamp": 1,
        }
        return {"StackEvents": [failed] if len(seen) > 1 else []}

    cloudformation = stack_client("CREATE_COMPLETE", "DELETE_FAILED", describe_stack_events=events)
    with pytest.raises(
        FaultError, match=r"ended as DELETE_FAILED: Bucket \(AWS::S3::Bucket\): it is not empty; put that"
    ):
        removal(cloudformation=cloudformation).delete_stack("stack-id")


def test_a_bucket_is_emptied_page_by_page_and_an_object_that_stays_is_named() -> None:
    pages = [
        {"Versions": [{"Key": f"k{number}", "VersionId": "v", "Size": 1} for number in range(1000)]},
        {"DeleteMarkers": [{"Key": "k", "VersionId": "m"}]},
        {},
    ]
    s3 = FakeClient(list_object_versions=pages)
    removal(s3=s3).empty_bucket("artifacts")
    sizes = [len(call["Delete"]["Objects"]) for name, call in s3.calls if name == "delete_objects"]
    assert sizes == [1000, 1]
    s3 = FakeClient(list_object_versions=pages, delete_objects={"Errors": [{"Key": "k7", "Message": "locked"}]})
    with pytest.raises(FaultError, match="s3://artifacts/k7 cannot be deleted: locked"):
        removal(s3=s3).empty_bucket("artifacts")


@pytest.mark.parametrize(
    "error",
    [
        client_error("ResourceNotFoundException"),
        client_error("ValidationException", 'Could not find model "m".'),
        client_error("ValidationException", "ModelPackageGroup arn does not exist."),
        client_error("NoSuchBucket"),
    ],
)
def test_what_is_gone_already_is_no_error(error: ClientError) -> None:
    assert unless_gone(FakeClient(delete=error).delete, Name="n") is None


def test_any_other_refusal_is_an_error() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        unless_gone(FakeClient(delete=client_error("AccessDenied", "no")).delete, Name="n")


DESCRIPTION = "Greenlight retrains a model and releases it."


def resources(StackName: str) -> dict[str, Any]:  # noqa: N803 - the API's own name
    kinds = {
        "live": [("AWS::CloudFormation::Stack", "live-inner"), ("AWS::SNS::Topic", "t"), ("AWS::SNS::Topic", "")],
        "live-inner": [("AWS::S3::Bucket", "new-bucket")],
        "old": [("AWS::CloudFormation::Stack", "old-inner")],
        "rolled-back": [("AWS::S3::Bucket", "left-behind")],
        "old-inner": [("AWS::S3::Bucket", "old-bucket"), ("AWS::S3::Bucket", "new-bucket")],
    }
    return {
        "StackResourceSummaries": [
            {"ResourceType": kind, "PhysicalResourceId": physical_id} for kind, physical_id in kinds[StackName]
        ]
    }


def cloudformation(stack: dict[str, Any] | Exception) -> Any:
    deleted = [
        {"StackName": "a", "StackId": "old", "TemplateDescription": DESCRIPTION},
        {"StackName": "a", "StackId": "foreign", "TemplateDescription": "Something else"},
        {"StackName": "a-b", "StackId": "other", "TemplateDescription": DESCRIPTION},
        {"StackName": "a", "StackId": "part", "TemplateDescription": DESCRIPTION, "ParentId": "x", "RootId": "x"},
        {"StackName": "a-Storage", "StackId": "rolled-back", "ParentId": "live", "RootId": "live"},
    ]
    described = stack if isinstance(stack, Exception) else {"Stacks": [stack]}
    return FakeClient(
        describe_stacks=described, list_stacks={"StackSummaries": deleted}, list_stack_resources=resources
    )


def test_a_tree_holds_the_stack_with_those_inside_it_and_the_former_ones_of_its_very_name() -> None:
    live = {"StackId": "live", "StackStatus": "UPDATE_COMPLETE", "Description": DESCRIPTION}
    tree = read_tree(cloudformation(live), "a")
    assert (tree.stack_id, tree.status) == ("live", "UPDATE_COMPLETE")
    assert tree.resources == (
        Resource("AWS::CloudFormation::Stack", "live-inner"),
        Resource("AWS::S3::Bucket", "new-bucket"),
        Resource("AWS::SNS::Topic", "t"),
    )
    assert tree.ids("AWS::S3::Bucket") == ["new-bucket", "old-bucket", "left-behind"]


def test_a_stack_that_is_gone_is_known_by_what_it_had() -> None:
    tree = read_tree(cloudformation(client_error("ValidationError", "Stack with id a does not exist")), "a")
    assert (tree.stack_id, tree.resources) == ("", ())
    assert tree.ids("AWS::S3::Bucket") == ["old-bucket", "new-bucket"]


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        ({"Description": "Somebody's database"}, "the stack a is none of Greenlight's; nothing was deleted"),
        ({"Description": DESCRIPTION, "ParentId": "x"}, "the stack a is a part of another one"),
    ],
)
def test_another_stack_is_never_touched(stack: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUseError, match=says):
        read_tree(cloudformation({"StackId": "live", "StackStatus": "CREATE_COMPLETE", **stack}), "a")
