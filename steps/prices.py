"""The price table: what AWS charges for what a release uses, by region, with its date and where it was read.

`steps/prices.yaml` is data, written by `greenlight prices --refresh` from AWS's price list or by hand. All
prices are on demand, in US dollars, before taxes, discounts and free tiers.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from steps.errors import PriceMissingError

Use = Literal["processing", "training", "hosting"]
USES: tuple[Use, ...] = ("processing", "training", "hosting")
Usd = Annotated[Decimal, Field(gt=0)]

PRICES_FILE = Path(__file__).with_name("prices.yaml")
HOW_TO_ADD = (
    "add it to steps/prices.yaml with the date and where you read it, or take it from AWS's price list with "
    "`GREENLIGHT_TARGET=aws greenlight prices --refresh --region {region}`, then deploy"
)
_HEAD = """\
# What AWS charges, by region: on demand, in US dollars, before taxes, discounts and free tiers. Instances are per
# hour. Read by steps/prices.py; docs/cost.md says how to bring it up to date. `as_of` and `source` belong to the
# numbers under them: nobody has compared them with AWS's price list since.
"""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionPrices(_Table):
    """What one region charges."""

    as_of: date = Field(description="Day on which the newest of these numbers was true, as the source says.")
    source: str = Field(min_length=1, description="Where they were read.")
    volume_gb_month: Usd = Field(description="Disk of a job, per GB and month.")
    state_transitions_1000: Usd = Field(description="Step Functions, Standard workflow, per 1,000 transitions.")
    lambda_gb_second: Usd = Field(description="Lambda on arm64, per GB-second.")
    lambda_requests_million: Usd = Field(description="Lambda on arm64, per million requests.")
    serverless_gb_second: Usd | None = Field(
        default=None, description="SageMaker serverless inference, per GB-second of memory; None where there is none."
    )
    alarm_month: Usd = Field(description="CloudWatch, one standard alarm, per month.")
    dashboard_month: Usd = Field(description="CloudWatch, one dashboard, per month.")
    key_month: Usd = Field(description="KMS, one key, per month.")
    instances: dict[Use, dict[str, Usd]] = Field(description="Use -> instance type -> price of an hour.")


class PriceTable(_Table):
    """The whole file."""

    currency: Literal["USD"]
    page: str = Field(description="Where AWS publishes its prices.")
    regions: dict[str, RegionPrices]

    def region(self, name: str) -> RegionPrices:
        """One region's prices; raises PriceMissingError naming the regions that have some."""
        if name not in self.regions:
            known = ", ".join(sorted(self.regions))
            raise PriceMissingError(
                f"there are no prices for the region {name}, only for {known}; {HOW_TO_ADD.format(region=name)}"
            )
        return self.regions[name]

    def instance_hour(self, region: str, use: Use, instance_type: str) -> Decimal:
        """Price of one instance for one hour; raises PriceMissingError."""
        prices = self.region(region).instances.get(use, {})
        if instance_type not in prices:
            raise PriceMissingError(
                f"there is no price for {use} on {instance_type} in {region}; {HOW_TO_ADD.format(region=region)}"
            )
        return prices[instance_type]

    def serverless_gb_second(self, region: str) -> Decimal:
        """Price of a GB of a serverless endpoint's memory for one second; raises PriceMissingError."""
        price = self.region(region).serverless_gb_second
        if price is None:
            raise PriceMissingError(
                f"there is no price for serverless inference in {region}; {HOW_TO_ADD.format(region=region)}, or let "
                "approval.trial in the recipe be instance or none"
            )
        return price


def parse_prices(text: str, *, where: str) -> PriceTable:
    """Read a price table; raises ValueError naming what is wrong in it."""
    try:
        return PriceTable.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{where} is not a valid price table: {error}") from error


@cache
def price_table() -> PriceTable:
    """The table that came with this code."""
    return parse_prices(PRICES_FILE.read_text(encoding="utf-8"), where=PRICES_FILE.name)


def render_prices(table: PriceTable) -> str:
    """The file's text; parse_prices of it gives the same table."""
    document = table.model_dump()
    for prices in document["regions"].values():
        prices["instances"] = {use: dict(sorted(prices["instances"].get(use, {}).items())) for use in USES}
    document["regions"] = dict(sorted(document["regions"].items()))
    return _HEAD + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes a Decimal as the number it is, never as a power of ten."""


_Dumper.add_representer(Decimal, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", f"{value:f}"))
