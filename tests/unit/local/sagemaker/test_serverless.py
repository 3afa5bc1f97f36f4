from __future__ import annotations

from typing import Any

import pytest
from moto.sagemaker.exceptions import ValidationError

from local.sagemaker.serverless import check_serverless, require_one_container, with_serverless

SIZE = {"MemorySizeInMB": 3072, "MaxConcurrency": 1}
ALONE: dict[str, Any] = {"VariantName": "primary", "ModelName": "m", "ServerlessConfig": SIZE}


def test_a_serverless_variant_alone_is_taken() -> None:
    check_serverless([ALONE])
    check_serverless([{"VariantName": "a", "InstanceType": "ml.m5.large"}, {"VariantName": "b"}])


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        ([ALONE, {**ALONE, "VariantName": "second"}], "multiple production variants"),
        ([{**ALONE, "InstanceType": "ml.m5.large"}], "it cannot have InstanceType too"),
        ([{**ALONE, "InitialInstanceCount": 1}], "it cannot have InitialInstanceCount too"),
        ([{**ALONE, "ServerlessConfig": {**SIZE, "MemorySizeInMB": 3000}}], "must be one of 1024, 2048, 3072"),
        ([{**ALONE, "ServerlessConfig": {**SIZE, "ProvisionedConcurrency": 1}}], "ProvisionedConcurrency"),
    ],
)
def test_what_sagemaker_has_no_serverless_endpoint_for_is_refused(variants: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        check_serverless(variants)


def test_a_pipeline_needs_instances() -> None:
    require_one_container(ALONE, ["one"])
    require_one_container({"VariantName": "primary"}, ["one", "two"])
    with pytest.raises(ValidationError, match="inference pipelines"):
        require_one_container(ALONE, ["one", "two"])


def test_a_serverless_endpoint_tells_its_memory_and_no_instances() -> None:
    counts = {"CurrentInstanceCount": 1, "DesiredInstanceCount": 1}
    described = {"ProductionVariants": [{"VariantName": "primary", **counts}]}
    [variant] = with_serverless(described, {"ProductionVariants": [ALONE]})["ProductionVariants"]
    assert variant == {
        "VariantName": "primary",
        "CurrentServerlessConfig": SIZE,
        "DesiredServerlessConfig": SIZE,
    }
    unknown = {"ProductionVariants": [{"VariantName": "primary", **counts}]}
    assert with_serverless(unknown, {})["ProductionVariants"] == [{"VariantName": "primary", **counts}]
