from __future__ import annotations

import pytest

from steps.execution_link import execution_link

CHINA = "arn:aws-cn:states:cn-north-1:123456789012:execution:greenlight-release:run-1"
GOVERNMENT = "arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:greenlight-release:run-1"
ELSEWHERE = "arn:aws:states:eu-central-1:123456789012:execution:greenlight-release:run-1"


@pytest.mark.parametrize(
    ("arn", "home"),
    [
        (ELSEWHERE, "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1"),
        (CHINA, "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1"),
        (GOVERNMENT, "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1"),
    ],
)
def test_each_partition_has_its_console(arn: str, home: str) -> None:
    assert execution_link(arn) == f"{home}#/v2/executions/details/{arn}"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "run-1",
        "arn:aws:states:eu-central-1:123456789012:stateMachine:greenlight-release",
        "arn:aws:states::123456789012:execution:greenlight-release:run-1",
        "arn:aws-iso:states:us-iso-east-1:123456789012:execution:greenlight-release:run-1",
        "arn:aws:sqs:eu-central-1:123456789012:execution:greenlight-release:run-1",
    ],
)
def test_what_has_no_page_has_no_link(arn: str) -> None:
    assert execution_link(arn) is None
