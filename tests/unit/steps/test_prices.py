from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from steps.errors import PriceMissingError
from steps.prices import PRICES_FILE, USES, parse_prices, price_table, render_prices

PROJECT = Path(__file__).parents[3]


def test_the_committed_file_is_what_a_refresh_would_write_of_it() -> None:
    text = PRICES_FILE.read_text(encoding="utf-8")
    table = parse_prices(text, where="prices.yaml")
    assert render_prices(table) == text
    assert parse_prices(render_prices(table), where="again") == table


def test_a_price_is_exactly_the_number_in_the_file() -> None:
    charged = price_table().region("us-east-1")
    assert charged.lambda_gb_second == Decimal("0.0000133334")
    assert price_table().instance_hour("us-east-1", "training", "ml.m5.xlarge") == Decimal("0.23")


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_every_region_has_a_date_a_source_and_all_that_the_default_recipe_uses(region: str) -> None:
    charged = price_table().region(region)
    assert charged.as_of.year >= 2023
    assert len(charged.source) > 40
    assert set(charged.instances) == set(USES)
    for use in ("processing", "training"):
        assert "ml.m5.xlarge" in charged.instances[use]
    assert "ml.m5.large" in charged.instances["hosting"]


def test_a_region_without_prices_is_told_with_those_that_have_some_and_how_to_add_it() -> None:
    with pytest.raises(
        PriceMissingError, match=r"region ap-south-9, only for eu-west-1, us-east-1; add it .* --region"
    ):
        price_table().region("ap-south-9")


def test_an_instance_without_a_price_is_told_with_its_use_and_region() -> None:
    with pytest.raises(PriceMissingError, match=r"no price for processing on ml\.x1\.large in eu-west-1; add it"):
        price_table().instance_hour("eu-west-1", "processing", "ml.x1.large")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("currency: USD", "currency: EUR"),
        ("as_of: 2023-12-31", "as_of: soon"),
        ("ml.m5.large: 0.128", "ml.m5.large: 0"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(old: str, new: str) -> None:
    text = PRICES_FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ValueError, match=r"prices\.yaml is not a valid price table"):
        parse_prices(text.replace(old, new), where="prices.yaml")
