from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from greenlight.errors import FaultError
from greenlight.price_list import read_region

TODAY = date(2026, 3, 1)


def product(usd: str, unit: str, description: str = "", **attributes: str) -> str:
    """One entry as GetProducts answers it: JSON inside the JSON."""
    dimension = {"unit": unit, "description": description, "pricePerUnit": {"USD": usd}, "beginRange": "0"}
    return json.dumps(
        {
            "product": {"sku": "S", "productFamily": "ML Instance", "attributes": attributes},
            "serviceCode": "AmazonSageMaker",
            "terms": {
                "OnDemand": {"S.T": {"effectiveDate": "2026-03-01T00:00:00Z", "priceDimensions": {"S.T.D": dimension}}}
            },
            "version": "1",
            "publicationDate": "2026-03-01T00:00:00Z",
        }
    )


@pytest.fixture
def pricing() -> Any:
    return boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def stub(pricing: Any) -> Iterator[Stubber]:
    with Stubber(pricing) as stubber:
        yield stubber


def answer(stub: Stubber, service: str, prices: list[str], *, token: str | None = None, **attributes: str) -> None:
    """The next answer, to a request for exactly this."""
    expected: dict[str, Any] = {
        "ServiceCode": service,
        "FormatVersion": "aws_v1",
        "Filters": [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()],
    }
    if token is not None:
        expected["NextToken"] = token
    more = {"NextToken": "next"} if token is None and service == "AmazonSageMaker" else {}
    stub.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": prices, **more}, expected)


def answer_all(stub: Stubber, *, sagemaker: list[str], alarms: list[str]) -> None:
    region = {"regionCode": "eu-north-1"}
    answer(stub, "AmazonSageMaker", sagemaker[:2], **region)
    answer(stub, "AmazonSageMaker", sagemaker[2:], token="next", **region)
    functions = [
        product("0.0000133334", "Lambda-GB-Second", group="AWS-Lambda-Duration-ARM"),
        product("0.0000106667", "Lambda-GB-Second", group="AWS-Lambda-Duration-ARM"),
        product("0.0000166667", "Lambda-GB-Second", group="AWS-Lambda-Duration"),
        product("0.0000002", "Requests", group="AWS-Lambda-Requests-ARM"),
    ]
    answer(stub, "AWSLambda", functions, **region)
    answer(stub, "AmazonStates", [product("0.000025", "StateTransitions", usagetype="EUN1-StateTransition")], **region)
    answer(stub, "AmazonCloudWatch", alarms, **region)
    dashboards = [product("3.00", "Dashboards", usagetype="DashboardsUsageHour-Basic")]
    answer(stub, "AmazonCloudWatch", dashboards, usagetype="DashboardsUsageHour-Basic")
    answer(stub, "awskms", [product("1.00", "Keys", usagetype="eu-north-1-KMS-Keys")], **region)


SAGEMAKER = [
    product("0.244", "Hrs", component="Training", instanceName="ml.m5.xlarge"),
    product("0.122", "Hrs", component="Hosting", instanceName="ml.m5.large"),
    product("0.245", "Hrs", component="Processing", instanceName="ml.m5.xlarge"),
    product("0", "Hrs", component="Processing", instanceName="ml.t3.medium"),
    product("0.099", "Hrs", component="studio-jupyterlab", instanceName="ml.m5.xlarge"),
    product("0.000022", "Seconds", usagetype="EUN1-ServerlessInf:Mem-1GB"),
    product("0.000044", "Seconds", usagetype="EUN1-ServerlessInf:Mem-2GB"),
    product("0.147", "GB-Mo", "$0.147 per GB-Mo of Training Job ML storage"),
]
ALARMS = [
    product("0.10", "Alarms", usagetype="EUN1-CW:AlarmMonitorUsage"),
    product("0.30", "Alarms", usagetype="EUN1-CW:HighResAlarmMonitorUsage"),
]


def test_a_region_is_read_page_by_page(pricing: Any, stub: Stubber) -> None:
    answer_all(stub, sagemaker=SAGEMAKER, alarms=ALARMS)
    charged = read_region(pricing, "eu-north-1", TODAY)
    assert charged.instances == {
        "training": {"ml.m5.xlarge": Decimal("0.244")},
        "hosting": {"ml.m5.large": Decimal("0.122")},
        "processing": {"ml.m5.xlarge": Decimal("0.245")},
    }
    assert charged.as_of == TODAY
    assert charged.volume_gb_month == Decimal("0.147")
    assert charged.state_transitions_1000 == Decimal("0.025")
    assert charged.lambda_gb_second == Decimal("0.0000133334"), "the first tier"
    assert charged.lambda_requests_million == Decimal("0.2")
    assert charged.serverless_gb_second == Decimal("0.000022")
    assert charged.alarm_month == Decimal("0.10")
    assert charged.dashboard_month == Decimal("3.00")
    assert charged.key_month == Decimal("1.00")
    stub.assert_no_pending_responses()


def test_a_region_that_sells_no_instances_is_an_error(pricing: Any, stub: Stubber) -> None:
    answer(stub, "AmazonSageMaker", [], regionCode="eu-nowhere-1")
    answer(stub, "AmazonSageMaker", [], token="next", regionCode="eu-nowhere-1")
    with pytest.raises(FaultError, match="no SageMaker instances for eu-nowhere-1; check the region's name"):
        read_region(pricing, "eu-nowhere-1", TODAY)


def test_what_the_list_no_longer_holds_is_named(pricing: Any, stub: Stubber) -> None:
    answer_all(stub, sagemaker=SAGEMAKER, alarms=ALARMS[1:])
    with pytest.raises(FaultError, match="no entry for CW:AlarmMonitorUsage any more"):
        read_region(pricing, "eu-north-1", TODAY)
