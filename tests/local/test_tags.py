"""After a release the bill could be read by stack, recipe and run: what AWS can tag carries the tags."""

from __future__ import annotations

from typing import Any

import pytest

SAGEMAKER = [
    ("list_training_jobs", "TrainingJobSummaries", "TrainingJobArn"),
    ("list_processing_jobs", "ProcessingJobSummaries", "ProcessingJobArn"),
    ("list_models", "Models", "ModelArn"),
    ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigArn"),
    ("list_endpoints", "Endpoints", "EndpointArn"),
]


def as_map(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


@pytest.mark.parametrize(("operation", "listed", "arn"), SAGEMAKER)
def test_everything_a_run_makes_names_its_stack_recipe_and_run(
    laptop: Any, first_release: Any, operation: str, listed: str, arn: str
) -> None:
    sagemaker = laptop.client("sagemaker")
    # An endpoint names the run that it serves now, which another test's may be.
    (live,) = (each["run_id"] for each in laptop.call("models", "review-snippets").document if each["live"])
    run = live if operation == "list_endpoints" else first_release.document["run_id"]
    pages = sagemaker.get_paginator(operation).paginate()
    made = [one[arn] for page in pages for one in page[listed]]
    found = [as_map(sagemaker.list_tags(ResourceArn=each)["Tags"]) for each in made]
    mine = {"greenlight:stack": "greenlight", "greenlight:recipe": "review-snippets", "greenlight:run": run}
    assert mine in found
    assert all(set(tags) == set(mine) for tags in found)


@pytest.mark.usefixtures("first_release")
def test_the_registrys_group_names_stack_and_recipe(laptop: Any) -> None:
    sagemaker = laptop.client("sagemaker")
    group = sagemaker.describe_model_package_group(ModelPackageGroupName="greenlight-review-snippets")
    tags = as_map(sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"])
    assert tags == {"greenlight:stack": "greenlight", "greenlight:recipe": "review-snippets"}


def test_what_the_stack_itself_makes_names_the_stack(laptop: Any) -> None:
    functions = laptop.client("lambda")
    for function in functions.list_functions()["Functions"]:
        assert functions.list_tags(Resource=function["FunctionArn"])["Tags"]["greenlight:stack"] == "greenlight"
    roles = laptop.client("iam")
    for role in roles.list_roles()["Roles"]:
        assert as_map(roles.list_role_tags(RoleName=role["RoleName"])["Tags"])["greenlight:stack"] == "greenlight"
    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for each in laptop.client("cloudformation").describe_stacks(StackName="greenlight")["Stacks"][0]["Outputs"]
    }
    bucket = laptop.client("s3").get_bucket_tagging(Bucket=outputs["ArtifactBucket"])["TagSet"]
    assert as_map(bucket)["greenlight:stack"] == "greenlight"
    dynamodb = laptop.client("dynamodb")
    table = dynamodb.describe_table(TableName=outputs["ReleaseTable"])["Table"]["TableArn"]
    assert as_map(dynamodb.list_tags_of_resource(ResourceArn=table)["Tags"])["greenlight:stack"] == "greenlight"
    machine = laptop.client("stepfunctions").list_tags_for_resource(resourceArn=outputs["StateMachineArn"])["tags"]
    assert {"key": "greenlight:stack", "value": "greenlight"} in machine
