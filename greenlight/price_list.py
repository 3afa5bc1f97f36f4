"""AWS's price list: one region's prices, read with GetProducts.

The shape of a product (attributes `regionCode`, `component`, `instanceName`, `usagetype`, `group`; on-demand terms
with price dimensions) is that of AWS's published client code; it has not been compared with a live answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from botocore.client import BaseClient

from greenlight.errors import FaultError
from steps.prices import USES, RegionPrices, Use

# GetProducts is answered in a few regions only; this one has it.
PRICING_REGION = "us-east-1"
_COMPONENTS: dict[str, Use] = {use.capitalize(): use for use in USES}
# A second of one GB; the larger sizes cost as many times as much.
_SERVERLESS = "ServerlessInf:Mem-1GB"
_HOUR_UNITS = frozenset({"hrs", "hours", "hour"})


@dataclass(frozen=True)
class Product:
    """One thing on the list with one on-demand price of one unit."""

    attributes: dict[str, str]
    unit: str
    description: str
    usd: Decimal

    @property
    def usage_type(self) -> str:
        """AWS's name of what is metered; most regions prefix it."""
        return self.attributes.get("usagetype", "")


def read_region(pricing: BaseClient, region: str, today: date) -> RegionPrices:
    """One region's prices as the list has them today; raises FaultError naming what it does not hold."""
    sagemaker = list(_products(pricing, "AmazonSageMaker", regionCode=region))
    instances = _instances(sagemaker)
    if not all(instances.values()):
        raise FaultError(f"AWS's price list has no SageMaker instances for {region}; check the region's name")
    transitions = _products(pricing, "AmazonStates", regionCode=region)
    functions = list(_products(pricing, "AWSLambda", regionCode=region))
    alarms = _products(pricing, "AmazonCloudWatch", regionCode=region)
    dashboards = _products(pricing, "AmazonCloudWatch", usagetype="DashboardsUsageHour-Basic")
    keys = _products(pricing, "awskms", regionCode=region)
    group = "group"
    return RegionPrices(
        as_of=today,
        source="AWS's price list, GetProducts.",
        volume_gb_month=_dearest(
            "Training Job ML storage", (each for each in sagemaker if "Training Job ML storage" in each.description)
        ),
        state_transitions_1000=1000
        * _dearest("StateTransition", (each for each in transitions if each.usage_type.endswith("StateTransition"))),
        lambda_gb_second=_dearest(
            "AWS-Lambda-Duration-ARM",
            (each for each in functions if each.attributes.get(group) == "AWS-Lambda-Duration-ARM"),
        ),
        lambda_requests_million=1_000_000
        * _dearest(
            "AWS-Lambda-Requests-ARM",
            (each for each in functions if each.attributes.get(group) == "AWS-Lambda-Requests-ARM"),
        ),
        serverless_gb_second=max(
            (each.usd for each in sagemaker if each.usage_type.endswith(_SERVERLESS)), default=None
        ),
        alarm_month=_dearest(
            "CW:AlarmMonitorUsage", (each for each in alarms if each.usage_type.endswith("CW:AlarmMonitorUsage"))
        ),
        dashboard_month=_dearest("DashboardsUsageHour-Basic", dashboards),
        key_month=_dearest("KMS-Keys", (each for each in keys if each.usage_type.endswith("KMS-Keys"))),
        instances=instances,
    )


def _instances(products: list[Product]) -> dict[Use, dict[str, Decimal]]:
    found: dict[Use, dict[str, Decimal]] = {use: {} for use in USES}
    for product in products:
        use, name = _COMPONENTS.get(product.attributes.get("component", "")), product.attributes.get("instanceName", "")
        if use is not None and name.startswith("ml.") and product.unit.lower() in _HOUR_UNITS:
            found[use][name] = max(product.usd, found[use].get(name, Decimal()))
    return found


def _dearest(what: str, products: Iterator[Product]) -> Decimal:
    """The highest price of a thing: the first tier, before any volume discount."""
    prices = [product.usd for product in products]
    if not prices:
        raise FaultError(f"AWS's price list has no entry for {what} any more; write its price into steps/prices.yaml")
    return max(prices)


def _products(pricing: BaseClient, service: str, **attributes: str) -> Iterator[Product]:
    """What a service sells on demand with these attributes; what is free is left out."""
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode=service,
        FormatVersion="aws_v1",
        Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()],
    )
    for page in pages:
        for text in page["PriceList"]:
            document: dict[str, Any] = json.loads(text)
            for term in document.get("terms", {}).get("OnDemand", {}).values():
                for dimension in term["priceDimensions"].values():
                    usd = Decimal(dimension["pricePerUnit"].get("USD", "0"))
                    if usd > 0:
                        yield Product(
                            document["product"]["attributes"], dimension["unit"], dimension["description"], usd
                        )
