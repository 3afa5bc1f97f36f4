from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.iam.models import IAMBackend, iam_backends

from local.home import ACCOUNT
from local.iam import AssumeRoleError, role_session
from local.iam.sessions import SESSIONS

ROLE = f"arn:aws:iam::{ACCOUNT}:role/starts/scheduled"
SCHEDULER = "scheduler.amazonaws.com"
GROUP = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/mine"


@pytest.fixture
def iam() -> Iterator[IAMBackend]:
    backend = iam_backends[ACCOUNT]["aws"]
    yield backend
    backend.roles.clear()


def make(iam: IAMBackend, **statement: Any) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": SCHEDULER}, "Action": "sts:AssumeRole", **statement}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role("scheduled", document, "/starts/", None, "", [], "3600")


def test_a_session_is_known_by_its_key_and_named_after_the_role(iam: IAMBackend) -> None:
    make(iam)
    session = role_session(ROLE, SCHEDULER)
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/scheduled/scheduler"
    assert SESSIONS.find(session.access_key) is session
    assert (
        session.environment()["AWS_SESSION_TOKEN"] == session.client_arguments()["aws_session_token"] == session.token
    )
    assert session.secret_key not in repr(session)
    assert role_session(ROLE, SCHEDULER) is session
    assert role_session(ROLE, SCHEDULER, "other").access_key != session.access_key


def test_nobody_assumes_a_role_that_is_not_there(iam: IAMBackend) -> None:
    with pytest.raises(AssumeRoleError, match=f"there is no role {ROLE}"):
        role_session(ROLE, SCHEDULER)
    make(iam)
    assert role_session(ROLE, SCHEDULER).role_arn == ROLE


@pytest.mark.parametrize(
    ("statement", "source_arn", "lets"),
    [
        ({"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, "", True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}, "", False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"{GROUP}"}}}, GROUP, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"{GROUP}"}}}, f"{GROUP}s", False),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"{GROUP}"}}}, "", False),
        ({"Principal": {"Service": ["lambda.amazonaws.com", SCHEDULER]}}, "", True),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, "", False),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, "", False),
        ({"Effect": "Deny"}, "", False),
    ],
)
def test_a_trust_policy_says_who_may_assume_a_role(
    iam: IAMBackend, statement: dict[str, Any], source_arn: str, lets: bool
) -> None:
    make(iam, **statement)
    if lets:
        assert role_session(ROLE, SCHEDULER, source_arn=source_arn).service == SCHEDULER
    else:
        with pytest.raises(AssumeRoleError, match=f"does not let {SCHEDULER} assume it"):
            role_session(ROLE, SCHEDULER, source_arn=source_arn)
