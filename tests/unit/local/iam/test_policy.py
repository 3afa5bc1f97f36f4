"""IAM's documented rules.

Sources, in the IAM user guide: reference_policies_evaluation-logic, reference_policies_elements_resource,
reference_policies_elements_condition_operators, reference_policies_condition-single-vs-multi-valued-context-keys,
reference_policies_variables, troubleshoot_access-denied.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.iam.errors import UnsupportedPolicyError
from local.iam.patterns import matches, matches_arn
from local.iam.policy import Decision, Policies, Request, decide
from local.iam.statements import Principal, Statement, parse_policy

ROLE = "arn:aws:iam::123456789012:role/jobs"
SESSION = "arn:aws:sts::123456789012:assumed-role/jobs/job-1"
CALLER = Principal((SESSION, ROLE), "123456789012")
OBJECT = "arn:aws:s3:::data/a/b.csv"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> tuple[Statement, ...]:
    return parse_policy(json.dumps({"Version": version, "Statement": list(statements)}))


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}


def deny(**elements: Any) -> dict[str, Any]:
    return {**allow(**elements), "Effect": "Deny"}


def asked(
    *identity: dict[str, Any],
    boundary: list[dict[str, Any]] | None = None,
    resource: list[dict[str, Any]] | None = None,
    caller: Principal = CALLER,
    action: str = "s3:GetObject",
    on: str = OBJECT,
    **context: Any,
) -> Decision:
    given = {
        key.replace("__", ":").lower(): (value,) if isinstance(value, str) else value for key, value in context.items()
    }
    policies = Policies(
        [policy(*identity)],
        None if boundary is None else policy(*boundary),
        None if resource is None else policy(*resource),
    )
    return decide(caller, Request(action, on, given), policies)


def test_nothing_is_allowed_that_no_policy_allows() -> None:
    assert asked() == Decision(allowed=False, reason="because no identity-based policy allows the s3:GetObject action")
    assert asked(allow()).allowed


@pytest.mark.parametrize(
    ("policies", "where"),
    [
        ({"identity": [allow(), deny()]}, "an identity-based policy"),
        ({"identity": [allow()], "boundary": [allow(), deny()]}, "a permissions boundary"),
        ({"identity": [allow()], "resource": [deny(Principal="*")]}, "a resource-based policy"),
        (
            {"identity": [allow()], "resource": [allow(Principal="*"), deny(Principal={"AWS": ROLE})]},
            "a resource-based policy",
        ),
    ],
)
def test_an_explicit_deny_wins_wherever_it_is(policies: dict[str, Any], where: str) -> None:
    decision = asked(*policies.pop("identity"), **policies)
    assert decision == Decision(allowed=False, reason=f"with an explicit deny in {where}", explicit_deny=True)


def test_a_boundary_grants_nothing_and_bounds_everything() -> None:
    assert not asked(boundary=[allow()]).allowed
    assert asked(allow(), boundary=[allow()]).allowed
    assert asked(allow(), boundary=[allow(Action="s3:PutObject")]).reason == (
        "because no permissions boundary allows the s3:GetObject action"
    )


@pytest.mark.parametrize(
    ("principal", "boundary", "allowed"),
    [
        ("*", None, True),
        ({"AWS": "*"}, None, True),
        ({"AWS": ROLE}, None, True),
        # To a role: "an implicit deny in a permissions boundary limits it". To a session it does not.
        ({"AWS": ROLE}, [allow(Action="s3:PutObject")], False),
        ({"AWS": SESSION}, [allow(Action="s3:PutObject")], True),
        # The account hands it on by its own policies, of which there are none here.
        ({"AWS": "123456789012"}, None, False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, None, False),
        ({"AWS": "arn:aws:iam::123456789012:role/other"}, None, False),
        ({"Service": "s3.amazonaws.com"}, None, False),
    ],
)
def test_what_a_resources_policy_grants_in_the_same_account(principal: Any, boundary: Any, allowed: bool) -> None:
    assert asked(boundary=boundary, resource=[allow(Principal=principal)]).allowed is allowed


def test_a_service_on_its_own_behalf_has_only_the_resources_policy() -> None:
    statement = allow(
        Principal={"Service": "apigateway.amazonaws.com"},
        Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:*:api1/*"}},
    )
    gateway, events = Principal(service="apigateway.amazonaws.com"), Principal(service="events.amazonaws.com")
    mine, other = "arn:aws:execute-api:us-east-1:1:api1/x", "arn:aws:execute-api:us-east-1:1:api2/x"
    assert asked(resource=[statement], caller=gateway, aws__SourceArn=mine).allowed
    assert not asked(resource=[statement], caller=gateway, aws__SourceArn=other).allowed
    refused = asked(allow(), resource=[statement], caller=events, aws__SourceArn=mine)
    assert refused.reason == "because no resource-based policy allows the s3:GetObject action"


@pytest.mark.parametrize(
    ("elements", "allowed"),
    [
        ({"Action": "S3:getobject"}, True),
        ({"Action": "s3:Get*"}, True),
        ({"Action": "s3:GetObjec?"}, True),
        ({"Action": "s3:Get?"}, False),
        ({"Action": ["s3:PutObject", "*"]}, True),
        ({"Action": "dynamodb:*"}, False),
        ({"Resource": "arn:aws:s3:::data/*"}, True),
        ({"Resource": "arn:aws:s3:::data/a/?.csv"}, True),
        ({"Resource": "arn:aws:s3:::DATA/*"}, False),
        ({"Resource": "arn:aws:s3:::data"}, False),
        ({"Resource": ["arn:aws:s3:::other/*", "arn:aws:s3:::*/b.csv"]}, True),
    ],
)
def test_actions_know_no_case_and_resources_do(elements: dict[str, Any], allowed: bool) -> None:
    assert asked(allow(**elements)).allowed is allowed


def test_not_action_and_not_resource_speak_of_everything_else() -> None:
    but_reading = {"Effect": "Allow", "NotAction": ["s3:Get*", "iam:*"], "Resource": "*"}
    assert not asked(but_reading).allowed
    assert asked(but_reading, action="s3:PutObject").allowed
    elsewhere = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::data/*"}
    assert asked(allow(), elsewhere).allowed
    assert asked(allow(), elsewhere, on="arn:aws:s3:::other/x").explicit_deny


@pytest.mark.parametrize(
    ("pattern", "arn", "matched"),
    [
        ("arn:aws:states:*:1:stateMachine:m", "arn:aws:states:us-east-1:1:stateMachine:m", True),
        # The last part goes on beyond its own colons …
        ("arn:aws:states:us-east-1:1:execution:m:*", "arn:aws:states:us-east-1:1:execution:m:run-1", True),
        # … and a wildcard in another part ends with the part.
        ("arn:aws:*:stateMachine:m", "arn:aws:states:us-east-1:1:stateMachine:m", False),
        ("arn:aws:lambda:*:1:function:f", "arn:aws:lambda:us-east-1:1:function:f:live", False),
        ("arn:aws:lambda:*:1:function:f:*", "arn:aws:lambda:us-east-1:1:function:f:live", True),
        ("*", "*", True),
        ("arn:aws:s3:::*", "*", False),
    ],
)
def test_arns_are_matched_part_by_part(pattern: str, arn: str, matched: bool) -> None:
    assert matches_arn(pattern, arn) is matched


def test_policy_variables_stand_for_the_requests_values() -> None:
    own = allow(Resource="arn:aws:s3:::data/${aws:PrincipalAccount}/*")
    assert asked(own, on="arn:aws:s3:::data/12/x", aws__PrincipalAccount="12").allowed
    assert not asked(own, on="arn:aws:s3:::data/13/x", aws__PrincipalAccount="12").allowed
    assert not asked(own, on="arn:aws:s3:::data/${aws:PrincipalAccount}/x").allowed, "the key has no value"
    assert asked(allow(Resource="arn:aws:s3:::data/${aws:username, 'me'}/*"), on="arn:aws:s3:::data/me/x").allowed
    # What a value holds is no wildcard, and these three stand for themselves.
    assert not matches("${aws:sourceip}", "anything", {"aws:sourceip": ("*",)})
    assert matches("a${*}b${?}${$}", "a*b?$", {})
    # Policies of the version before have none.
    old = policy(own, version="2008-10-17")
    request = Request("s3:GetObject", "arn:aws:s3:::data/12/x", {"aws:principalaccount": ("12",)})
    assert not decide(CALLER, request, Policies([old])).allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringLike", "/aws/*", "/aws/sagemaker", True),
        ("StringEquals", "/aws/*", "/aws/sagemaker", False),
        # "If the key is not present, the values do not match" …
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        # … "if the condition requires that the key is not matched and it is not present, the condition is true".
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", "a", "a", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotLike", "a*", "b", True),
        ("ArnLike", "arn:aws:s3:::*", "arn:aws:s3:::data", True),
        ("ArnEquals", "arn:aws:s3:::*", "arn:aws:s3:::data", True),
        ("ArnNotLike", "arn:aws:s3:::*", "arn:aws:s3:::data", False),
        ("Bool", "false", "true", False),
        ("Bool", True, "true", True),
        ("Bool", "false", None, False),
        ("BoolIfExists", "false", None, True),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericLessThanEquals", 10, "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericNotEquals", "10", "11", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", True),
        ("DateLessThan", "1767225600", "2026-01-01T00:00:01Z", False),
        ("IpAddress", "127.0.0.0/8", "127.0.0.1", True),
        ("NotIpAddress", "127.0.0.0/8", "127.0.0.1", False),
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("Null", False, "a", True),
    ],
)
def test_condition_operators(operator: str, wanted: Any, given: str | None, holds: bool) -> None:
    statement = allow(Condition={operator: {"aws:SourceVpc": wanted}})
    context: dict[str, Any] = {} if given is None else {"aws__SourceVpc": given}
    assert asked(statement, **context).allowed is holds


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "holds"),
    [
        ("ForAnyValue:StringEquals", ["a", "b"], ("b", "c"), True),
        ("ForAnyValue:StringEquals", ["a"], ("b", "c"), False),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAnyValue:StringNotEquals", ["b"], ("b", "c"), True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringNotEquals", ["a"], ("b", "a"), False),
    ],
)
def test_set_operators(operator: str, wanted: list[str], given: Any, holds: bool) -> None:
    statement = allow(Condition={operator: {"ses:Recipients": wanted}})
    context: dict[str, Any] = {} if given is None else {"ses__Recipients": given}
    assert asked(statement, **context).allowed is holds


def test_all_conditions_have_to_hold() -> None:
    both = allow(
        Condition={"StringEquals": {"aws:SourceVpc": "v", "aws:PrincipalAccount": "1"}, "Null": {"s3:prefix": "true"}}
    )
    assert asked(both, aws__SourceVpc="v", aws__PrincipalAccount="1").allowed
    assert not asked(both, aws__SourceVpc="v", aws__PrincipalAccount="2").allowed
    assert not asked(both, aws__SourceVpc="v", aws__PrincipalAccount="1", s3__prefix="p").allowed


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (allow(Condition={"BinaryEquals": {"aws:SourceVpc": "a"}}), "BinaryEquals"),
        (allow(Condition={"ForEachValue:StringEquals": {"aws:SourceVpc": "a"}}), "ForEachValue:StringEquals"),
        (allow(Condition={"StringEquals": {"ec2:Region": "a"}}), "ec2:region"),
        (allow(Condition={"StringEquals": {"ses:Recipients": "a"}}), "ses:recipients"),
        (allow(NotPrincipal={"AWS": "*"}), "NotPrincipal"),
        (allow(Effect="Maybe"), "Effect"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_by_name(statement: dict[str, Any], named: str) -> None:
    with pytest.raises(UnsupportedPolicyError, match=named):
        asked(statement, ses__Recipients=("a", "b"))


def test_what_does_not_count_need_not_be_evaluated() -> None:
    foreign = allow(Action="ec2:*", Condition={"StringEquals": {"ec2:Region": "a"}})
    assert asked(foreign, allow()).allowed
