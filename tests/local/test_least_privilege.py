"""Roles that may do what they have to, and nothing else.

Each statement of each role, and each action and resource in it, is taken away in turn: something that a role did in the
tests of this folder is then denied, or the statement has no business there. So this file is run after the others.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.iam.access_log import Access, hide, read_accesses
from local.iam.authorize import common_context, lower
from local.iam.policy import Policies, Request, decide
from local.iam.statements import Principal, parse_policy

Document = dict[str, Any]

# What the tests in these files do is what roles are for.
NEEDED = {
    "test_approvals.py",
    "test_batch.py",
    "test_every_end.py",
    "test_on_call.py",
    "test_other_models.py",
    "test_predictions.py",
    "test_rare_paths.py",
    "test_starts.py",
    "test_trial.py",
}

# What nothing on a laptop can ask for, each with who says that AWS does.
ONLY_ON_AWS = dict.fromkeys(
    (
        ("BatchStateMachineRole", "TagWhatIsMade", "sagemaker:ListTags"),
        ("ReleaseStateMachineRole", "TagWhatIsMade", "sagemaker:ListTags"),
    ),
    "Step Functions developer guide, IAM policies for SageMaker: it comes with every job; AWS-CONTRACTS.md, 1.8",
)


@dataclass(frozen=True)
class Role:
    """A role of the deployed stack. inline, managed: policy documents by name;  accesses: what it was allowed."""

    name: str
    arn: str
    inline: dict[str, Document]
    managed: dict[str, Document]
    accesses: list[Access]

    def denied(self, name: str, document: Document | None) -> list[Access]:
        """What would be denied with another document under a policy's name, or with none."""
        changed = {**self.inline, **self.managed, name: document or {"Statement": []}}
        policies = [parse_policy(hide(json.dumps(each))) for each in changed.values()]
        caller = Principal((f"arn:aws:sts::123456789012:assumed-role/{self.name}/test", self.arn), "123456789012")
        common = common_context(self.arn)
        return [
            access
            for access in self.accesses
            if not decide(
                caller,
                Request(access.action, access.resource, {**common, **lower(dict(access.context))}),
                Policies(policies),
            ).allowed
        ]


def parts_of(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Each thing that can be taken out of a policy: the statement's Sid, what is taken, and what is left."""
    for number, statement in enumerate(document["Statement"]):
        sid = statement.get("Sid", f"statement {number}")
        for element in ("Action", "Resource"):
            listed = statement[element] if isinstance(statement[element], list) else [statement[element]]
            for entry in listed:
                left = copy.deepcopy(document)
                left["Statement"][number][element] = [each for each in listed if each != entry]
                if len(listed) == 1:
                    del left["Statement"][number]
                yield sid, entry, left


@pytest.fixture(scope="module")
def roles(laptop: Any, request: pytest.FixtureRequest) -> list[Role]:
    """Every role of the deployed stack, with what it did until now."""
    ran = {item.path.name for item in request.session.items}
    if missing := sorted(NEEDED - ran):
        pytest.skip(f"looks at what the other tests did: run them in the same session, {' '.join(missing)}")
    iam = laptop.client("iam")
    accesses = list(read_accesses(laptop.home / "access.jsonl"))
    found = []
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        inline = {
            each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]
            for each in iam.list_role_policies(RoleName=name)["PolicyNames"]
        }
        managed = {}
        for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=each["PolicyArn"])["Policy"]["DefaultVersionId"]
            policy = iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId=version)["PolicyVersion"]
            managed[each["PolicyName"]] = policy["Document"]
        own = [access for access in accesses if access.role == role["Arn"] and access.allowed]
        found.append(Role(name, role["Arn"], inline, managed, own))
    return found


def logical(role: Role) -> str:
    """A role's name without what CloudFormation made of it: the part before its suffix, which it may have cut."""
    return role.name.split("-")[-2]


def test_what_was_noted_is_decided_alike_without_the_server(roles: list[Role]) -> None:
    assert {logical(role): role.denied("", None) for role in roles if role.denied("", None)} == {}


def test_no_statement_action_or_resource_is_idle(roles: list[Role]) -> None:
    idle = {
        (logical(role), sid, entry)
        for role in roles
        for name, document in role.inline.items()
        for sid, entry, left in parts_of(document)
        if not role.denied(name, left)
    }
    unexpected = [f"{role}, {sid}: {entry}" for role, sid, entry in sorted(idle - set(ONLY_ON_AWS))]
    assert not unexpected, "nothing needs " + "; ".join(unexpected)
    assert set(ONLY_ON_AWS) <= idle, "the laptop does ask for it: take it off the list"


def test_no_managed_policy_is_idle(roles: list[Role]) -> None:
    idle = [(logical(role), name) for role in roles for name in role.managed if not role.denied(name, None)]
    assert idle == []


def test_nothing_was_denied_but_what_a_test_had_forbidden(laptop: Any) -> None:
    denied = {access for access in read_accesses(laptop.home / "access.jsonl") if not access.allowed}
    who = {access: access.role.split("-")[-2] if access.role.startswith("arn:") else access.role for access in denied}
    assert {(who[access], access.action) for access in denied} == {
        ("PrepareRunFunctionRole", "dynamodb:GetItem"),  # test_rare_paths: its permission was taken away
        ("ScheduleRole", "lambda:InvokeFunction"),  # test_rare_paths: a schedule with another function as its target
    }
