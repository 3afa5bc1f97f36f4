"""Condition operators.

Sources: IAM user guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context
keys". An operator that is not here is an error by name, never ignored.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from local.iam.errors import UnsupportedPolicyError
from local.iam.patterns import Context, matches, matches_arn, substitute

Test = Callable[[str, str, "Context | None"], bool]

# Context keys of which a request may carry several values; all others have one.
MULTIVALUED = frozenset({"aws:tagkeys", "ses:recipients", "dynamodb:leadingkeys", "dynamodb:attributes"})

# Keys that the laptop gives a value where AWS does, and keys that have none here as there is no VPC and nobody logs in.
# A condition on any other key would silently hold or fail for ever, so it is an error by name.
KNOWN_KEYS = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "cloudwatch:namespace",
        "iam:passedtoservice",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "ses:fromaddress",
        "ses:recipients",
        "states:statemachinequalifier",
    }
)


@dataclass(frozen=True)
class Condition:
    """One key of one operator: holds when the request's values fit.

    key: lower case;  values: what the policy names;  variables: whether they may hold policy variables
    """

    operator: str
    negated: bool
    if_exists: bool
    set_operator: Literal["forallvalues", "foranyvalue", ""]
    key: str
    values: tuple[str, ...]
    variables: bool

    def holds(self, context: Context) -> bool:
        """Whether a request with this context, by lower-case keys, satisfies the condition."""
        given = context.get(self.key)
        if given is None and self.key not in KNOWN_KEYS:
            raise UnsupportedPolicyError(f"the condition key {self.key} has no value on a laptop")
        if self.operator == "null":
            return all((given is None) == (value.lower() == "true") for value in self.values)
        if not given:
            # "If the policy condition requires that the key is not matched and the key is not present, the condition
            # is true"; ForAllValues is true of no values, ForAnyValue is false of them.
            if self.set_operator == "foranyvalue":
                return self.if_exists
            return self.if_exists or self.negated or self.set_operator == "forallvalues"
        if not self.set_operator and self.key in MULTIVALUED:
            raise UnsupportedPolicyError(f"{self.key} has several values and needs ForAnyValue or ForAllValues")
        fits = [self._fits(value, context) for value in given]
        return any(fits) if self.set_operator == "foranyvalue" else all(fits)

    def _fits(self, value: str, context: Context) -> bool:
        test, variables = OPERATORS[self.operator], context if self.variables else None
        return any(test(value, wanted, variables) for wanted in self.values) != self.negated


def parse_conditions(block: dict[str, Any], *, variables: bool) -> tuple[Condition, ...]:
    """The conditions of a statement; all must hold.

    Raises UnsupportedPolicyError for an operator that the laptop does not know.
    """
    parsed = []
    for name, keys in block.items():
        prefix, _, rest = name.rpartition(":")
        set_operator, operator = prefix.lower(), rest.lower()
        if_exists = operator.endswith("ifexists") and operator != "null"
        operator = operator.removesuffix("ifexists")
        negated = operator in NEGATED
        if operator != "null":
            operator = NEGATED.get(operator, operator)
        if set_operator not in {"", "forallvalues", "foranyvalue"} or operator not in {*OPERATORS, "null"}:
            raise UnsupportedPolicyError(f"the condition operator {name} is not known on a laptop")
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            parsed.append(
                Condition(
                    operator=operator,
                    negated=negated,
                    if_exists=if_exists,
                    set_operator=set_operator,  # type: ignore[arg-type]  # one of the three, as just checked
                    key=key.lower(),
                    values=tuple(_text(value) for value in listed),
                    variables=variables,
                )
            )
    return tuple(parsed)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(value: str, wanted: str, context: Context | None) -> bool:
    return value == (wanted if context is None else substitute(wanted, context))


def _equals_ignoring_case(value: str, wanted: str, context: Context | None) -> bool:
    text = wanted if context is None else substitute(wanted, context)
    return text is not None and value.lower() == text.lower()


def _like(value: str, wanted: str, context: Context | None) -> bool:
    return matches(wanted, value, context)


def _arn(value: str, wanted: str, context: Context | None) -> bool:
    return matches_arn(wanted, value, context)


def _bool(value: str, wanted: str, _: Context | None) -> bool:
    return value.lower() == wanted.lower()


def _ip(value: str, wanted: str, _: Context | None) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)


def _compare(convert: Callable[[str], Any], accept: Iterable[int]) -> Test:
    accepted = frozenset(accept)

    def test(value: str, wanted: str, _: Context | None) -> bool:
        left, right = convert(value), convert(wanted)
        return (left > right) - (left < right) in accepted

    return test


def _date(text: str) -> float:
    try:
        return float(text)  # seconds since 1970
    except ValueError:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


ORDERS = {
    "equals": (0,),
    "lessthan": (-1,),
    "lessthanequals": (-1, 0),
    "greaterthan": (1,),
    "greaterthanequals": (0, 1),
}
OPERATORS: dict[str, Test] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": _like,
    "arnequals": _arn,
    "arnlike": _arn,
    "bool": _bool,
    "ipaddress": _ip,
    **{f"numeric{order}": _compare(float, signs) for order, signs in ORDERS.items()},
    **{f"date{order}": _compare(_date, signs) for order, signs in ORDERS.items()},
}
NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
