"""Finds all that a stack and its runs have made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from greenlight.errors import WrongUseError
from greenlight.log_lines import PROCESSING_GROUP, TRAINING_GROUP, TRANSFORM_GROUP
from greenlight.teardown.find_models import ModelFinder
from greenlight.teardown.inventory import BucketFound, FunctionFound, Inventory, LayerFound, LogFound, TableFound
from greenlight.teardown.stack_tree import StackTree
from steps.names import STACK_TAG, job_name

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import TagTypeDef

    from greenlight.target import Target

# The jobs of runs and of batches: log group and the end of their names.
JOBS = (
    *((PROCESSING_GROUP, "preprocess"), (TRAINING_GROUP, "train"), (PROCESSING_GROUP, "evaluate")),
    *((PROCESSING_GROUP, "split"), (TRANSFORM_GROUP, "transform"), (PROCESSING_GROUP, "join")),
)
_GONE = frozenset(
    {
        *("NoSuchBucket", "NoSuchTagSet", "404", "403", "AccessDenied"),
        *("ResourceNotFoundException", "StateMachineDoesNotExist"),
    }
)


def take_inventory(target: Target, tree: StackTree, packages_bucket: str | None) -> Inventory:
    """All that is there.

    packages_bucket: what `greenlight deploy` uploads to, when it has one of its own
    Raises WrongUseError when the stack's bucket or table is marked as another stack's.
    """
    models = ModelFinder(target.sagemaker, tree.name)
    endpoints, groups = tuple(models.endpoints()), tuple(models.groups())
    functions = tree.ids("AWS::Lambda::Function")
    tables = tuple(_tables(target, tree))
    running, runs = _executions(target, tree)
    names = [f"/aws/lambda/{name}" for name in functions]
    names += tree.ids("AWS::Logs::LogGroup")
    names += endpoint_logs([*(each.name for each in endpoints), *(each.name for each in groups)])
    logs = [*_log_groups(target, names), *_job_streams(target, runs | _recorded_runs(target, tables))]
    return Inventory(
        stack=tree.name,
        has_stack=bool(tree.stack_id),
        resources=len(tree.resources),
        running=tuple(running),
        endpoints=endpoints,
        endpoint_configs=tuple(models.endpoint_configs()),
        models=tuple(models.models()),
        groups=groups,
        functions=tuple(_functions(target, functions)),
        layers=tuple(_layers(target, tree)),
        logs=tuple(logs),
        packages_bucket=_bucket(target, tree, packages_bucket) if packages_bucket else None,
        data_buckets=tuple(_buckets(target, tree)),
        data_tables=tables,
        unclaimed=tuple(models.unclaimed),
    )


def endpoint_logs(endpoints: Iterable[str]) -> list[str]:
    """The log groups of endpoints, each once."""
    return list(dict.fromkeys(f"/aws/sagemaker/Endpoints/{name}" for name in endpoints))


def _executions(target: Target, tree: StackTree) -> tuple[list[str], set[str]]:
    """ARNs of the executions under way, and the ids of all runs that Step Functions still knows."""
    running, runs = [], set()
    for arn in tree.ids("AWS::StepFunctions::StateMachine"):
        try:
            for page in target.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=arn):
                runs |= {execution["name"] for execution in page["executions"]}
                running += [each["executionArn"] for each in page["executions"] if each["status"] == "RUNNING"]
        except ClientError as error:
            _only_gone(error)
    return running, runs


def _recorded_runs(target: Target, tables: Iterable[TableFound]) -> set[str]:
    """Ids of the runs that the release table remembers, also of those that Step Functions has forgotten."""
    runs = set()
    for table in tables:
        pages = target.dynamodb.get_paginator("scan").paginate(
            TableName=table.name,
            FilterExpression="begins_with(sk, :run)",
            ProjectionExpression="sk",
            ExpressionAttributeValues={":run": {"S": "RUN#"}},
        )
        runs |= {item["sk"]["S"].removeprefix("RUN#") for page in pages for item in page["Items"]}
    return runs


def _functions(target: Target, names: Iterable[str]) -> Iterator[FunctionFound]:
    for name in names:
        try:
            pages = target.functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
            listed = [version["Version"] for page in pages for version in page["Versions"]]
            if listed:
                yield FunctionFound(name, len([version for version in listed if version != "$LATEST"]))
        except ClientError as error:
            _only_gone(error)


def _layers(target: Target, tree: StackTree) -> Iterator[LayerFound]:
    """The layers with every version: those of earlier deployments are kept until now."""
    arns = tree.ids("AWS::Lambda::LayerVersion")
    for name in dict.fromkeys(arn.rpartition(":")[0].rpartition(":")[2] for arn in arns):
        pages = target.functions.get_paginator("list_layer_versions").paginate(LayerName=name)
        versions = tuple(version["Version"] for page in pages for version in page["LayerVersions"])
        if versions:
            yield LayerFound(name, versions)


def _log_groups(target: Target, names: Iterable[str]) -> Iterator[LogFound]:
    for name in dict.fromkeys(names):
        for page in target.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
            for group in page["logGroups"]:
                if group["logGroupName"] == name:
                    yield LogFound(name, group.get("storedBytes", 0))


def _job_streams(target: Target, runs: Iterable[str]) -> Iterator[LogFound]:
    """Streams of these runs' jobs, in groups that every job of the account writes to."""
    for run in sorted(runs):
        for group, suffix in JOBS:
            prefix = f"{job_name(run, suffix)}/"
            try:
                for page in target.logs.get_paginator("describe_log_streams").paginate(
                    logGroupName=group, logStreamNamePrefix=prefix
                ):
                    for stream in page["logStreams"]:
                        yield LogFound(group, stream.get("storedBytes", 0), stream["logStreamName"])
            except ClientError as error:
                _only_gone(error)


def _buckets(target: Target, tree: StackTree) -> Iterator[BucketFound]:
    for name in tree.ids("AWS::S3::Bucket"):
        found = _bucket(target, tree, name)
        if found is not None:
            yield found


def _bucket(target: Target, tree: StackTree, name: str) -> BucketFound | None:
    """A bucket that is there and this stack's; raises WrongUseError when the stack names one that is not."""
    tags: list[TagTypeDef] = []
    try:
        target.s3.head_bucket(Bucket=name)
        tags = target.s3.get_bucket_tagging(Bucket=name)["TagSet"]
    except ClientError as error:
        _only_gone(error)
        if error.response.get("Error", {}).get("Code") in {"NoSuchBucket", "404"}:
            return None
    if not _is_own(f"the bucket {name}", {tag["Key"]: tag["Value"] for tag in tags}, tree, name):
        return None
    versions = size = 0
    for page in target.s3.get_paginator("list_object_versions").paginate(Bucket=name):
        listed = page.get("Versions", [])
        versions += len(listed) + len(page.get("DeleteMarkers", []))
        size += sum(version.get("Size", 0) for version in listed)
    return BucketFound(name, versions, size)


def _tables(target: Target, tree: StackTree) -> Iterator[TableFound]:
    for name in tree.ids("AWS::DynamoDB::Table"):
        try:
            arn = target.dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        except ClientError as error:
            _only_gone(error)
            continue
        pages = target.dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        if _is_own(f"the table {name}", tags, tree, name):
            scanned = target.dynamodb.get_paginator("scan").paginate(TableName=name, Select="COUNT")
            yield TableFound(name, sum(page["Count"] for page in scanned))


def _is_own(what: str, tags: dict[str, str], tree: StackTree, name: str) -> bool:
    """Whether the tag says so. One of a former stack may have become another's; one of the present stack may not."""
    owner = tags.get(STACK_TAG)
    if owner == tree.name:
        return True
    if any(each.physical_id == name for each in tree.resources):
        said = f"says {owner}" if owner else "is missing"
        raise WrongUseError(
            f"{what} is in the stack {tree.name}, but its tag {STACK_TAG} {said}: this stack did not make it; nothing "
            "was deleted. Set the tag if it is yours to delete"
        )
    return False


def _only_gone(error: ClientError) -> None:
    """Pass over an error that says that something is not there, or not ours to see."""
    if error.response.get("Error", {}).get("Code") not in _GONE:
        raise error
