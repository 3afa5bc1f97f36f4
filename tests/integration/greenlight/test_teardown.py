"""What belongs to a stack is told by tags, on moto's services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from greenlight.errors import WrongUseError
from greenlight.target import Target
from greenlight.teardown.find import take_inventory
from greenlight.teardown.find_models import ModelFinder
from greenlight.teardown.inventory import BucketFound, LayerFound, LogFound, TableFound
from greenlight.teardown.removal import Removal
from greenlight.teardown.stack_tree import Resource, StackTree
from steps.names import job_name, run_tags

ROLE = "arn:aws:iam::123456789012:role/jobs-and-models"


class QuickTarget(Target):
    """A target that waits for nothing."""

    @property
    def poll_seconds(self) -> float:
        return 0.0


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def target() -> Target:
    return QuickTarget("a", None)


def tag_list(tags: dict[str, str]) -> Any:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.fixture
def release(target: Target) -> Any:
    """Makes what a release makes in SageMaker; without a stack it is tagged by nobody."""

    def make(name: str, stack: str | None, recipe: str = "r") -> None:
        sagemaker = target.sagemaker
        tags = tag_list(run_tags(stack, recipe, f"{recipe}-1") if stack else {})
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"}, Tags=tags)
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "primary",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 2,
                }
            ],
            Tags=tags,
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=tags)
        sagemaker.create_model_package(ModelPackageGroupName=name)

    return make


def test_a_stack_whose_name_begins_another_ones_finds_its_own_only(target: Target, release: Any) -> None:
    release("a-b-c", "a-b", "c")
    release("a-films", "a", "films")
    release("a-b-films", "a", "b-films")
    release("xa-films", "xa", "films")
    finder = ModelFinder(target.sagemaker, "a")
    own = {"a-films", "a-b-films"}
    assert {endpoint.name for endpoint in finder.endpoints()} == own
    assert set(finder.endpoint_configs()) == own
    assert set(finder.models()) == own
    assert {(group.name, len(group.packages)) for group in finder.groups()} == {(name, 1) for name in own}
    assert finder.unclaimed == []
    assert {endpoint.name for endpoint in ModelFinder(target.sagemaker, "a-b").endpoints()} == {"a-b-c"}


def test_an_endpoint_is_told_with_its_machines_and_what_they_cost(target: Target, release: Any) -> None:
    release("a-films", "a")
    (endpoint,) = ModelFinder(target.sagemaker, "a").endpoints()
    assert (endpoint.status, endpoint.instances, str(endpoint.usd_per_month)) == (
        "InService",
        "2 x ml.m5.large",
        "167.90",
    )


def test_what_no_tag_gives_to_any_stack_is_left_alone_and_told(target: Target, release: Any) -> None:
    release("a-films", None)
    finder = ModelFinder(target.sagemaker, "a")
    assert list(finder.endpoints()) == []
    assert list(finder.models()) == []
    assert finder.unclaimed == ["Endpoint a-films", "Model a-films"]


class TestData:
    """The bucket and the table: ours by the stack and by the tag, or left alone."""

    @pytest.fixture(autouse=True)
    def made(self, target: Target) -> None:
        s3 = target.s3
        s3.create_bucket(Bucket="artifacts")
        s3.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"one", b"three"):
            s3.put_object(Bucket="artifacts", Key="runs/1/model", Body=body)
        s3.put_object(Bucket="artifacts", Key="runs/2/model", Body=b"x")
        s3.delete_object(Bucket="artifacts", Key="runs/2/model")
        target.dynamodb.create_table(
            TableName="records",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            Tags=tag_list({"greenlight:stack": "a"}),
        )
        self.mark(target, "a")

    @staticmethod
    def mark(target: Target, stack: str) -> None:
        target.s3.put_bucket_tagging(Bucket="artifacts", Tagging={"TagSet": tag_list({"greenlight:stack": stack})})

    @pytest.fixture
    def resources(self) -> tuple[Resource, ...]:
        return (
            Resource("AWS::S3::Bucket", "artifacts"),
            Resource("AWS::DynamoDB::Table", "records"),
            Resource("AWS::S3::Bucket", "never-made"),
        )

    def test_both_are_found_with_their_sizes_also_after_the_stack_is_gone(
        self, target: Target, resources: tuple[Resource, ...]
    ) -> None:
        for tree in (
            StackTree("a", "arn", "CREATE_COMPLETE", resources, ()),
            StackTree("a", "", "", (), resources),
        ):
            found = take_inventory(target, tree, None)
            assert found.data_buckets == (BucketFound("artifacts", 4, 9),)
            assert found.data_tables == (TableFound("records", 0),)
            assert found.is_empty(with_data=False) is not tree.stack_id.startswith("arn")
            assert not found.is_empty(with_data=True)

    def test_a_bucket_in_the_stack_that_is_marked_as_anothers_stops_everything(
        self, target: Target, resources: tuple[Resource, ...]
    ) -> None:
        self.mark(target, "b")
        with pytest.raises(
            WrongUseError, match=r"bucket artifacts is in the stack a, but its tag greenlight:stack says b"
        ):
            take_inventory(target, StackTree("a", "arn", "CREATE_COMPLETE", resources, ()), None)

    def test_a_bucket_without_any_mark_stops_everything_too(
        self, target: Target, resources: tuple[Resource, ...]
    ) -> None:
        target.s3.delete_bucket_tagging(Bucket="artifacts")
        with pytest.raises(
            WrongUseError, match=r"greenlight:stack is missing: this stack did not make it; nothing was "
        ):
            take_inventory(target, StackTree("a", "arn", "CREATE_COMPLETE", resources, ()), None)

    def test_a_former_stacks_bucket_that_has_become_anothers_is_left_alone(
        self, target: Target, resources: tuple[Resource, ...]
    ) -> None:
        self.mark(target, "b")
        assert take_inventory(target, StackTree("a", "", "", (), resources), None).data_buckets == ()

    def test_every_version_and_every_delete_marker_goes(self, target: Target) -> None:
        notes: list[str] = []
        removal = Removal(target, notes.append)
        removal.empty_bucket("artifacts")
        assert notes == ["emptied artifacts of 4 versions"]
        assert target.s3.list_buckets()["Buckets"][0]["Name"] == "artifacts"
        removal.delete_bucket("artifacts")
        removal.delete_table("records")
        assert target.s3.list_buckets()["Buckets"] == []
        assert target.dynamodb.list_tables()["TableNames"] == []

    def test_only_this_stacks_runs_lose_their_streams_in_the_logs_that_all_share(
        self, target: Target, resources: tuple[Resource, ...]
    ) -> None:
        group = "/aws/sagemaker/TrainingJobs"
        target.logs.create_log_group(logGroupName=group)
        target.logs.create_log_group(logGroupName="/aws/lambda/a-One")
        target.logs.create_log_group(logGroupName="/aws/lambda/a-One-More")
        mine, other = f"{job_name('films-1', 'train')}/algo-1", f"{job_name('films-11', 'train')}/algo-1"
        for stream in (mine, other):
            target.logs.create_log_stream(logGroupName=group, logStreamName=stream)
        target.dynamodb.put_item(TableName="records", Item={"pk": {"S": "RECIPE#films"}, "sk": {"S": "RUN#films-1"}})
        tree = StackTree("a", "arn", "CREATE_COMPLETE", (*resources, Resource("AWS::Lambda::Function", "a-One")), ())
        logs = take_inventory(target, tree, None).logs
        assert {(log.group, log.stream) for log in logs} == {("/aws/lambda/a-One", None), (group, mine)}
        Removal(target, lambda _words: None).delete_logs(logs)
        left = target.logs.describe_log_streams(logGroupName=group)["logStreams"]
        assert [stream["logStreamName"] for stream in left] == [other]
        groups = [each["logGroupName"] for each in target.logs.describe_log_groups()["logGroups"]]
        assert groups == ["/aws/lambda/a-One-More", group]


def test_models_are_removed_with_everything_around_them_and_again_without_complaint(
    target: Target, release: Any
) -> None:
    release("a-films", "a")
    release("a-b-c", "a-b", "c")
    finder = ModelFinder(target.sagemaker, "a")
    groups, configs, models = list(finder.groups()), list(finder.endpoint_configs()), list(finder.models())
    removal = Removal(target, lambda _words: None)
    for _ in range(2):
        removal.delete_endpoints(["a-films"])
        removal.delete_models(configs, models)
        removal.delete_layers([LayerFound("libraries", (1,))])
        removal.delete_logs([LogFound("/aws/lambda/gone", 0), LogFound("/aws/lambda/gone", 0, "stream")])
    assert [each["EndpointName"] for each in target.sagemaker.list_endpoints()["Endpoints"]] == ["a-b-c"]
    assert [each["ModelName"] for each in target.sagemaker.list_models()["Models"]] == ["a-b-c"]
    assert [group.name for group in groups] == ["a-films"]
