"""A template's Rules: assertions about its parameters, checked before any resource is touched.

Source: CloudFormation user guide, "CloudFormation template Rules syntax" and "Rule-specific intrinsic functions".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.cloudformation.errors import TemplateError
from local.cloudformation.intrinsics import Resolver
from local.home import ACCOUNT, REGION

# What a rule may ask beside the template's own parameters.
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}


def check_rules(rules: Mapping[str, Any], parameters: Mapping[str, Any], region: str = REGION) -> None:
    """Check every rule whose condition holds; raises TemplateError with the descriptions of what does not."""
    known = {**PSEUDO_PARAMETERS, "AWS::Region": region, **parameters}

    def reference(name: str) -> Any:  # noqa: ANN401 - a list for a list parameter
        if name not in known:
            raise TemplateError(f"Template format error: a rule refers to {name}, which is no parameter")
        return known[name]

    def no_resource(name: str, *_: str) -> Any:  # noqa: ANN401
        raise TemplateError(f"Template format error: a rule refers to {name}, but rules know parameters only")

    resolver = Resolver(reference=reference, attribute=no_resource, imported=no_resource, mappings={}, conditions={})
    for name, rule in rules.items():
        if "RuleCondition" in rule and not resolver.resolve(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not resolver.resolve(assertion["Assert"]):
                raise TemplateError(f"Rule {name} failed: {assertion.get('AssertDescription', assertion['Assert'])}")
