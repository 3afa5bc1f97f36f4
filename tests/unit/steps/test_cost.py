from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from steps.cost import (
    ALARMS,
    LargestCost,
    endpoint_size,
    job_requests,
    largest_cost,
    round_up,
    summary,
    too_expensive,
)
from steps.errors import PriceMissingError
from steps.prices import PriceTable, RegionPrices
from steps.recipe import Recipe
from steps.recipe_sections.release import CostSection
from steps.trial import trial_kind

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def prices() -> PriceTable:
    """Round numbers, so that every line can be worked out by hand."""
    charged = {
        "as_of": date(2026, 1, 2),
        "source": "made up",
        "volume_gb_month": "0.73",
        "state_transitions_1000": "1",
        "lambda_gb_second": "0.001",
        "lambda_requests_million": "1000",
        "serverless_gb_second": "0.0001",
        "alarm_month": "0.1",
        "dashboard_month": "3",
        "key_month": "1",
        "instances": {
            "processing": {"ml.m5.xlarge": "1"},
            "training": {"ml.m5.xlarge": "2", "ml.p3.2xlarge": "10"},
            "hosting": {"ml.m5.large": "3"},
        },
    }
    return PriceTable(currency="USD", page="p", regions={"here-1": RegionPrices.model_validate(charged)})


@pytest.fixture
def price(prices: PriceTable) -> Callable[[Recipe], LargestCost]:
    return lambda recipe: largest_cost(
        job_requests(recipe), endpoint_size(recipe), trial_kind(recipe), "here-1", prices
    )


Price = Callable[[Recipe], LargestCost]


def by_name(cost: LargestCost) -> dict[str, Decimal]:
    return {line.what: line.usd for line in cost.run}


def test_every_line_is_price_by_count_by_time_limit(make_recipe: MakeRecipe, price: Price) -> None:
    recipe = make_recipe(
        training={"max_runtime_seconds": 7080, "volume_gb": 100},
        endpoint={"instance_count": 2, "deadline_seconds": 1200, "poll_seconds": 10},
    )
    cost = price(recipe)
    assert by_name(cost) == {
        # 3,600 + 120 s, an hour at 1 and 30 GB of disk at 0.001 a GB-hour: 3720/3600 x 1.03 = 1.0643…
        "preprocess": Decimal("1.07"),
        # 2 h at 2 and 100 GB at 0.001: 2 x 2.1
        "train_model": Decimal("4.20"),
        "evaluate_model": Decimal("1.07"),
        # 2 x (1,200 + 600) s, 2 instances at 3
        "endpoint update": Decimal("6.00"),
        # 300 questions x 60 s x 3 GB at 0.0001
        "trial": Decimal("5.40"),
        # 430 + 2 x 121 looks x 13 = 3,576
        "Step Functions": Decimal("3.58"),
        # (252 x 120 + 2 x (1,200 + 11 x 120)) s x 0.5 GB x 0.001 + (252 + 242 x 11) / 1,000
        "Lambda": Decimal("20.56"),
    }
    assert cost.run_usd == Decimal("41.88")
    assert cost.endpoint_usd_per_month == Decimal("4380.00")
    # Each alarm costs 0.10 a month; how many there are is compared with the template elsewhere.
    alarms = ALARMS * Decimal("0.10")
    assert [line.usd for line in cost.stack_month] == [alarms, Decimal("3.00"), Decimal("1.00")]
    assert cost.stack_usd_per_month == alarms + Decimal("4.00")


def test_a_search_costs_all_its_trainings(make_recipe: MakeRecipe, price: Price) -> None:
    training = {"max_runtime_seconds": 7080, "volume_gb": 100}
    tuning = {"max_jobs": 6, "ranges": {"l2": {"minimum": 0.1, "maximum": 1}}}
    (line,) = (line for line in price(make_recipe(training=training, tuning=tuning)).run if line.what == "tune_model")
    assert line.usd == 6 * Decimal("4.20")
    assert line.how.startswith("6 x ml.m5.xlarge for 7,200 s")


def test_an_import_costs_a_processing_job_and_no_training(make_recipe: MakeRecipe, price: Price) -> None:
    lines = by_name(price(make_recipe(import_model={})))
    assert lines["import_model"] == lines["preprocess"]
    assert "train_model" not in lines


def test_a_job_that_is_reused_costs_nothing(make_recipe: MakeRecipe, price: Price, prices: PriceTable) -> None:
    recipe = make_recipe()
    evaluation = {"evaluate_model": job_requests(recipe)["evaluate_model"]}
    cost = largest_cost(evaluation, endpoint_size(recipe), trial_kind(recipe), "here-1", prices)
    whole = by_name(price(recipe))
    assert by_name(cost) == {name: usd for name, usd in whole.items() if name not in {"preprocess", "train_model"}}


@pytest.mark.parametrize(
    ("approval", "usd"),
    [
        # 4 x (7,200 + 600) s at 3 an hour
        ({"trial": "instance"}, Decimal("26.00")),
        ({"trial": "none"}, None),
        ({"trial": "instance", "policy": "never"}, None),
    ],
)
def test_a_trial_costs_what_its_limits_allow(
    make_recipe: MakeRecipe, price: Price, approval: dict[str, str], usd: Decimal | None
) -> None:
    recipe = make_recipe(approval={"approvers": ["ann@example.com"], **approval})
    assert by_name(price(recipe)).get("trial") == usd


def test_a_region_without_a_price_for_serverless_says_what_to_do(make_recipe: MakeRecipe, prices: PriceTable) -> None:
    recipe = make_recipe()
    region = prices.regions["here-1"].model_copy(update={"serverless_gb_second": None})
    without = prices.model_copy(update={"regions": {"here-1": region}})
    with pytest.raises(
        PriceMissingError, match=r"serverless inference in here-1.* approval\.trial in the recipe be instance or none"
    ):
        largest_cost(job_requests(recipe), endpoint_size(recipe), trial_kind(recipe), "here-1", without)


def test_an_execution_never_makes_more_transitions_than_its_history_holds(
    make_recipe: MakeRecipe, price: Price
) -> None:
    cost = price(make_recipe(endpoint={"deadline_seconds": 900, "poll_seconds": 1}))
    assert by_name(cost)["Step Functions"] == Decimal("23.86")
    (line,) = (line for line in cost.run if line.what == "Step Functions")
    assert line.how == "at most 23,856 transitions, 1 per 1,000"


@pytest.mark.parametrize(
    ("amount", "cents"),
    [(Fraction(0), "0.00"), (Fraction(1, 100), "0.01"), (Fraction(1, 10**9), "0.01"), (Fraction(101, 1000), "0.11")],
)
def test_a_cent_is_never_lost(amount: Fraction, cents: str) -> None:
    assert round_up(amount) == Decimal(cents)


@pytest.mark.parametrize(
    ("ceiling", "says"),
    [
        ({}, None),
        ({"max_run_usd": "38.38", "max_endpoint_usd_per_month": "2190"}, None),
        (
            {"max_run_usd": "38.37"},
            "The run can cost 38.38 USD and the recipe allows 38.37 (cost.max_run_usd); most of it is Lambda: ",
        ),
        (
            {"max_endpoint_usd_per_month": "2189.99"},
            (
                "The endpoint costs 2190.00 USD a month and the recipe allows 2189.99 "
                "(cost.max_endpoint_usd_per_month): 1 x ml.m5.large for 730 h, 3 an hour."
            ),
        ),
    ],
)
def test_a_ceiling_is_kept_to_the_cent_and_its_breach_has_the_numbers(
    make_recipe: MakeRecipe, price: Price, ceiling: dict[str, Any], says: str | None
) -> None:
    cost = price(make_recipe())
    assert (cost.run_usd, cost.endpoint_usd_per_month) == (Decimal("38.38"), Decimal("2190.00"))
    refusal = too_expensive(cost, CostSection.model_validate(ceiling))
    assert refusal is None if says is None else refusal is not None and refusal.startswith(says)


def test_both_ceilings_are_told(make_recipe: MakeRecipe, price: Price) -> None:
    refusal = too_expensive(
        price(make_recipe()), CostSection(max_run_usd=Decimal(1), max_endpoint_usd_per_month=Decimal(1))
    )
    assert refusal is not None
    assert "The run can cost" in refusal
    assert "The endpoint costs" in refusal


def test_what_the_table_lacks_is_an_error_and_never_nothing(
    make_recipe: MakeRecipe, price: Price, prices: PriceTable
) -> None:
    with pytest.raises(PriceMissingError, match=r"no price for training on ml\.c5\.xlarge in here-1"):
        price(make_recipe(training={"instance_type": "ml.c5.xlarge"}))
    recipe = make_recipe()
    with pytest.raises(PriceMissingError, match="region there-1, only for here-1"):
        largest_cost(job_requests(recipe), endpoint_size(recipe), trial_kind(recipe), "there-1", prices)


def test_a_plan_carries_the_sums_with_region_and_date(
    make_recipe: MakeRecipe, price: Price, prices: PriceTable
) -> None:
    document = summary(price(make_recipe()), "here-1", prices).model_dump(mode="json")
    assert document == {
        "run_usd": "38.38",
        "endpoint_usd_per_month": "2190.00",
        "region": "here-1",
        "prices_as_of": "2026-01-02",
    }


@pytest.mark.parametrize("wrong", [{"max_run_usd": 0}, {"max_run_usd": -1}, {"max_run": 5}, {"max_run_usd": "much"}])
def test_a_ceiling_that_makes_no_sense_is_refused(make_recipe: MakeRecipe, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cost"):
        make_recipe(cost=wrong)
