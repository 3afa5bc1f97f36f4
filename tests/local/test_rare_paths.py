"""What seldom happens to a release, done to a stack that runs: stopped jobs, changed archives, endpoints that fail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Rows = list[dict[str, str]]
WriteRows = Callable[[str, Rows], str]
WriteRecipe = Callable[..., str]
PATIENCE_SECONDS = 120


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What look returns, as soon as it returns anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"there never was {what}"
        time.sleep(0.1)
    return found


class Stack:
    """The deployed stack, and what its functions were called with."""

    def __init__(self, laptop: Any) -> None:
        self.laptop = laptop
        self.sagemaker = laptop.client("sagemaker")
        self._stepfunctions = laptop.client("stepfunctions")
        self._lambda = laptop.client("lambda")
        [stack] = laptop.client("cloudformation").describe_stacks(StackName="greenlight")["Stacks"]
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def execution(self, run_id: str) -> str:
        """The ARN of a run's execution."""
        machine: str = self.outputs["StateMachineArn"]
        return f"{machine.replace(':stateMachine:', ':execution:')}:{run_id}"

    def stop(self, run_id: str) -> None:
        self._stepfunctions.stop_execution(executionArn=self.execution(run_id))

    def event(self, run_id: str, function: str) -> tuple[str, dict[str, Any]]:
        """ARN of the version that a run called of a function, and the event it was last given."""
        found = None
        history = self._stepfunctions.get_paginator("get_execution_history")
        for page in history.paginate(executionArn=self.execution(run_id)):
            for event in page["events"]:
                if function in (task := event.get("lambdaFunctionScheduledEventDetails", {})).get("resource", ""):
                    found = task["resource"], json.loads(task["input"])
                parameters = json.loads(event.get("taskScheduledEventDetails", {}).get("parameters", "{}"))
                if function in parameters.get("FunctionName", ""):
                    found = parameters["FunctionName"], parameters["Payload"]
        assert found, f"{run_id} has not called {function}"
        return found

    def call(self, function_arn: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = self._lambda.invoke(FunctionName=function_arn, Payload=json.dumps(event))
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result

    def endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint's description, once its creation has ended."""

        def look() -> dict[str, Any] | None:
            described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return None if described["EndpointStatus"] == "Creating" else described

        found: dict[str, Any] = eventually(look, f"an end of the creation of {name}")
        return found

    def function(self, name: str) -> dict[str, Any]:
        """The configuration of a function of the stack."""
        pages = self._lambda.get_paginator("list_functions").paginate()
        [found] = [each for page in pages for each in page["Functions"] if f"-{name}-" in each["FunctionName"]]
        return dict(found)

    def endpoints(self) -> list[str]:
        return [endpoint["EndpointName"] for endpoint in self.sagemaker.list_endpoints()["Endpoints"]]


@pytest.fixture(scope="module")
def stack(laptop: Any) -> Stack:
    return Stack(laptop)


@pytest.fixture(scope="module")
def rolled_back(laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe) -> str:
    """Run id of a second version that answered wrongly; the other tests may have left one."""
    for run in laptop.call("runs").document:
        if run["outcome"] == "RolledBack" and run["recipe"] == "rolled-back":
            return str(run["run_id"])
    data = write_rows("rows.csv", few_rows)
    first = laptop.call("run", write_recipe("goes-back"), "--data", data, "--approve")
    assert first.document["outcome"] == "Released", first.errors
    wrong = {"smoke.cases": [{"text": "a wonderful, moving and funny film", "label": "negative"}]}
    second = laptop.call("run", write_recipe("goes-back", wrong), "--data", data, "--approve", "--force")
    assert second.document["outcome"] == "RolledBack", second.errors
    return str(second.document["run_id"])


@pytest.fixture
def failed_endpoint(stack: Stack, rolled_back: str) -> str:
    """An endpoint whose model cannot be read."""
    _, event = stack.event(rolled_back, "UpdateEndpointFunction")
    model = stack.sagemaker.describe_model(ModelName=event["plan"]["endpoint"]["model_name"])
    name, container = "greenlight-cannot-serve", model["PrimaryContainer"]
    container["ModelDataUrl"] = container["ModelDataUrl"].replace("model.tar.gz", "missing.tar.gz")
    if name not in [each["ModelName"] for each in stack.sagemaker.list_models(NameContains=name)["Models"]]:
        stack.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=model["ExecutionRoleArn"], PrimaryContainer=container
        )
        variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        stack.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    stack.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described = stack.endpoint(name)
    assert described["EndpointStatus"] == "Failed"
    assert "missing.tar.gz" in described["FailureReason"]
    return name


@pytest.mark.parametrize("function", ["UpdateEndpointFunction", "RollBackEndpointFunction"])
def test_an_endpoint_that_failed_is_deleted_before_it_is_made_anew(
    stack: Stack, rolled_back: str, failed_endpoint: str, function: str
) -> None:
    arn, event = stack.event(rolled_back, function)
    event["plan"]["endpoint"]["endpoint_name"] = failed_endpoint
    if "update_endpoint" in event:
        event["update_endpoint"]["endpoint_name"] = failed_endpoint
    assert stack.call(arn, event)["errorType"] == "EndpointBusyError"
    eventually(lambda: failed_endpoint not in stack.endpoints(), "an end of the failed endpoint")


def test_an_endpoint_that_is_gone_is_rolled_back_by_making_it_anew(stack: Stack, rolled_back: str) -> None:
    arn, event = stack.event(rolled_back, "RollBackEndpointFunction")
    name = "greenlight-was-deleted"
    event["update_endpoint"]["endpoint_name"] = name
    result = stack.call(arn, event)
    assert result["action"] == "restored"
    serving = stack.endpoint(name)
    assert serving["EndpointStatus"] == "InService"
    assert serving["EndpointConfigName"] == event["update_endpoint"]["previous_endpoint_config_name"]
    stack.sagemaker.delete_endpoint(EndpointName=name)


@pytest.mark.parametrize("function", ["CloseRunFunction", "ReportFaultFunction"])
def test_the_approvers_of_a_deployed_recipe_are_told_of_the_end(stack: Stack, rolled_back: str, function: str) -> None:
    """A deployed recipe lies where the code is published, a person's own where it was uploaded."""
    _, event = stack.event(rolled_back, "CloseRunFunction")
    code_uri = stack.function("PrepareRunFunction")["Environment"]["Variables"]["CODE_URI"]
    event["state"]["prepare_run"]["recipe_uri"] = f"{code_uri}/source/recipes/review-snippets/recipe.yaml"
    before = len(stack.laptop.mails())
    answer = stack.call(f"{stack.function(function)['FunctionName']}:live", event)
    assert "errorType" not in (answer or {})
    assert len(stack.laptop.mails()) > before


@pytest.mark.parametrize(("kind", "status"), [("processing", "ProcessingJobStatus"), ("training", "TrainingJobStatus")])
def test_a_job_ends_with_the_run_that_is_stopped(  # noqa: PLR0917 - from the table above
    stack: Stack, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe, kind: str, status: str
) -> None:
    recipe, data = write_recipe(f"stopped-{kind}"), write_rows("rows.csv", few_rows)
    run_id = stack.laptop.call("run", recipe, "--data", data, "--detach").document["run_id"]
    list_jobs = getattr(stack.sagemaker, f"list_{kind}_jobs")
    summaries = f"{kind.capitalize()}JobSummaries"

    def job(*statuses: str) -> dict[str, Any] | None:
        found = list_jobs(NameContains=run_id)[summaries]
        return next((each for each in found if each[status] in statuses), None)

    eventually(lambda: job("InProgress"), f"a {kind} job")
    stack.stop(run_id)
    assert eventually(lambda: job("Stopped", "Completed", "Failed"), "an end of it")[status] == "Stopped"


def test_a_schedule_that_may_not_call_its_target_keeps_what_it_would_have_said(stack: Stack) -> None:
    scheduler, sqs = stack.laptop.client("scheduler"), stack.laptop.client("sqs")
    target = scheduler.get_schedule(GroupName="greenlight", Name="review-snippets")["Target"]
    other = stack.function("CheckMetricsFunction")["FunctionArn"]
    scheduler.create_schedule(
        Name="not-allowed",
        GroupName="greenlight",
        ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "Arn": other, "Input": '{"to": "nobody"}'},
    )
    queue = sqs.get_queue_url(QueueName=target["DeadLetterConfig"]["Arn"].rpartition(":")[2])["QueueUrl"]

    def letter() -> dict[str, Any] | None:
        asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        letters = sqs.receive_message(**asked, VisibilityTimeout=0).get("Messages", [])
        return next((each for each in letters if each["Body"] == '{"to": "nobody"}'), None)

    kept = eventually(letter, "a dead letter")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=kept["ReceiptHandle"])
    scheduler.delete_schedule(GroupName="greenlight", Name="not-allowed")
    assert kept["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDeniedException"
    assert f"lambda:InvokeFunction on resource: {other}" in kept["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_an_archive_that_was_changed_after_its_evaluation_is_never_served(
    stack: Stack, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    laptop, s3 = stack.laptop, stack.laptop.client("s3")
    data = write_rows("rows.csv", few_rows)
    run_id = laptop.call("run", write_recipe("changed-archive"), "--data", data, "--detach").document["run_id"]
    laptop.wait_for_state(run_id, "RequestApproval")
    eventually(lambda: any(run_id in mail["text"] + mail["subject"] for mail in laptop.mails()), "a request to approve")
    _, event = stack.event(run_id, "RequestApprovalFunction")
    bucket, _, key = event["register_model"]["model_data_uri"].removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=b"another model")
    approved = laptop.call("approve", run_id)
    assert approved.code == 0, approved.errors
    assert laptop.wait_for_state(run_id, "Faulted") == "Faulted"
    ended = laptop.call("show", run_id).document
    assert ended["outcome"] == "Faulted"
    assert "is not the archive that was evaluated and approved" in ended["cause"]
    package = laptop.client("sagemaker").describe_model_package(
        ModelPackageName=event["register_model"]["model_package_arn"]
    )
    assert package["ModelApprovalStatus"] == "Rejected"


def test_a_run_whose_role_lost_a_permission_ends_in_faulted_with_awss_words(
    laptop: Any, few_rows: Rows, write_rows: WriteRows, write_recipe: WriteRecipe
) -> None:
    iam = laptop.client("iam")
    [role] = [each["RoleName"] for each in iam.list_roles()["Roles"] if "PrepareRunFunctionRole" in each["RoleName"]]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    without = [each for each in document["Statement"] if each["Sid"] != "KeepRecords"]
    assert len(without) == len(document["Statement"]) - 1
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps({**document, "Statement": without}))
    try:
        run = laptop.call("run", write_recipe("no-records"), "--data", write_rows("rows.csv", few_rows), "--approve")
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    assert run.document["outcome"] == "Faulted"
    assert run.code == 3, run.errors
    assert "AccessDeniedException" in run.document["cause"]
    assert "is not authorized to perform: dynamodb:GetItem on resource" in run.document["cause"]
    assert "because no identity-based policy allows the dynamodb:GetItem action" in run.document["cause"]
