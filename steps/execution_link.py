"""The address of an execution's page in the console of its partition."""

from __future__ import annotations

# One console a partition, each with an address a region.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def execution_link(execution_arn: str) -> str | None:
    """Where a browser shows the execution; None when it is no execution's ARN, or its partition's console unknown."""
    match execution_arn.split(":"):
        case ["arn", partition, "states", region, _, "execution", _, _] if region and partition in _CONSOLES:
            home = f"https://{region}.{_CONSOLES[partition]}/states/home?region={region}"
            return f"{home}#/v2/executions/details/{execution_arn}"
    return None
