from __future__ import annotations

from typing import Any

import pytest
from moto.sagemaker.exceptions import ValidationError

from local.sagemaker.request_checks import check_request


@pytest.mark.parametrize(
    ("operation", "parameters", "problem"),
    [
        (
            "StopTrainingJob",
            {},
            "Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "StopTrainingJob",
            {"TrainingJobName": "-a"},
            (
                "Value '-a' at 'trainingJobName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
            ),
        ),
        (
            "AddTags",
            {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e", "Tags": [{"Key": "k"}]},
            "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_a_broken_limit_is_named_with_its_place(operation: str, parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        check_request(operation, parameters)
    assert str(refusal.value.message) == f"1 validation error detected: {problem}"


def test_letters_of_every_script_are_legal_where_java_says_so() -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
    check_request("AddTags", {"ResourceArn": arn, "Tags": [{"Key": "équipe", "Value": "größe 1"}]})
    with pytest.raises(ValidationError, match="regular expression"):
        check_request("AddTags", {"ResourceArn": arn, "Tags": [{"Key": "a;b", "Value": ""}]})
