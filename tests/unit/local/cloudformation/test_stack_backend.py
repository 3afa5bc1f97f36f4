from __future__ import annotations

import pickle

import pytest

from local.cloudformation.backend import StackBackend
from local.cloudformation.resources.base import Request
from local.cloudformation.stack import Stack
from local.home import ACCOUNT, REGION


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CREATE_IN_PROGRESS", "CREATE_FAILED"),
        ("UPDATE_IN_PROGRESS", "UPDATE_FAILED"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_FAILED"),
        ("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("DELETE_IN_PROGRESS", "DELETE_FAILED"),
        ("REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS"),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE"),
    ],
)
def test_a_deployment_cut_off_by_the_servers_end_has_failed(before: str, after: str) -> None:
    backend = StackBackend(REGION, ACCOUNT)
    backend.stacks["id"] = Stack("id", "name", stack_status=before)
    restored: StackBackend = pickle.loads(pickle.dumps(backend))  # noqa: S301 - what was written just now
    restored.recover()
    assert restored.stacks["id"].stack_status == after


@pytest.mark.parametrize("longest", [63, 64, 80])
def test_a_made_up_name_fits_and_tells_its_origin(longest: int) -> None:
    request = Request("id", "greenlight-Workflow-ABCDEF123456", "DescribeEndpointFunction", "AWS::Lambda::Function", {})
    name = request.name(None, longest=longest)
    assert len(name) <= longest
    assert name.startswith("greenlight-")
    assert "-DescribeEndpointFunction-" in name
    assert name != request.name(None, longest=longest)
    assert request.name("own") == "own"
