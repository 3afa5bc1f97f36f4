from __future__ import annotations

from typing import Any

QUEUES = """
    Description: Queues for a while.
    Resources:
      First: {Type: AWS::SQS::Queue}
      Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
    """


def listed(stacks: Any, stack_id: str) -> dict[str, str]:
    pages = stacks.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return {
        each["LogicalResourceId"]: each["ResourceStatus"] for page in pages for each in page["StackResourceSummaries"]
    }


def test_a_deleted_stack_goes_on_listing_what_it_had_by_its_id(stacks: Any) -> None:
    stack_id = stacks.deploy("short-lived", QUEUES)["StackId"]
    stacks.cloudformation.delete_stack(StackName="short-lived")
    assert stacks.wait(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert listed(stacks, stack_id) == {"First": "DELETE_COMPLETE", "Kept": "DELETE_SKIPPED"}
    summaries = stacks.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    (summary,) = (each for each in summaries if each["StackId"] == stack_id)
    assert (summary["StackName"], summary["TemplateDescription"]) == ("short-lived", "Queues for a while.")


def test_a_first_deployment_that_failed_lists_what_was_taken_away_and_keeps_its_description(stacks: Any) -> None:
    wrong = "  Wrong: {Type: AWS::SQS::Queue, DependsOn: Kept, Properties: {QueueName: 'not legal!'}}\n    "
    failing = f"{QUEUES}{wrong}"
    stack = stacks.deploy("failed-first", failing)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["Description"] == "Queues for a while."
    assert listed(stacks, stack["StackId"]) == {"First": "DELETE_COMPLETE", "Kept": "DELETE_SKIPPED"}
    stacks.cloudformation.delete_stack(StackName="failed-first")
    assert stacks.wait(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
