"""The largest sum a run can cost, and what its endpoint costs for as long as it serves. Pure.

A run costs at most what its jobs may take of their instances by their time limits, what its endpoint's second
fleet may take while an update is under way, what its approvers may try, and the transitions and Lambda seconds of
the longest way through the state machine. Sums are exact until a line is rounded up to the cent; a total is the sum of
its lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from steps.contracts import EndpointPlan, PrepareRunResult, RunCost
from steps.job_requests import (
    evaluate_request,
    import_request,
    preprocess_request,
    training_request,
    trainings_of,
    tuning_request,
)
from steps.prices import PriceTable, Use
from steps.recipe import Recipe
from steps.recipe_sections.release import CostSection
from steps.trial import (
    INSTANCE_SECONDS,
    MAX_ANSWER_SECONDS,
    MAX_QUESTIONS,
    MAX_STARTS,
    SERVERLESS_MEMORY_MB,
    SWEEP_SECONDS,
    TrialKind,
    trial_kind,
)

# What AWS and we mean by a month: 365 days of 24 hours, by 12.
HOURS_PER_MONTH = 730
SECONDS_PER_HOUR = 3600
# SageMaker lets a container that it stops at its time limit go on for two minutes, to save its work.
STOP_SECONDS = 120
# Another change to the endpoint may be waited for this long, before the update and again before the way back.
ENDPOINT_BUSY_SECONDS = 600

# The longest way through workflows/release.asl.json, every retry used, without looking at the endpoint; a test
# walks the definition and compares.
TRANSITIONS = 430
LAMBDA_ATTEMPTS = 252
# One look at the endpoint: DescribeEndpoint with its retries, the choice after it, the wait.
TRANSITIONS_PER_LOOK = 13
LAMBDA_ATTEMPTS_PER_LOOK = 11
# An execution fails at this many events, and a transition writes one at least.
MAX_EVENTS = 25_000
# Limits of the functions behind the states; a test compares with the templates.
FUNCTION_SECONDS = 120
FUNCTION_GB = Fraction(1, 2)
# What infra/sam/monitoring.yaml has; a test counts.
ALARMS = 32
DASHBOARDS = 1
KEYS = 1

NOT_COUNTED = (
    "storage and requests of S3 and DynamoDB, log lines, traces and custom metrics, mail, data transfer, "
    "predictions, the approval page, the watch of runs and trials, taxes"
)


@dataclass(frozen=True)
class CostLine:
    """One thing that is paid for."""

    what: str
    how: str
    usd: Decimal


@dataclass(frozen=True)
class LargestCost:
    """All that a run can cost at most, and its endpoint and the stack's alarms for each month."""

    run: tuple[CostLine, ...]
    endpoint_month: tuple[CostLine, ...]
    stack_month: tuple[CostLine, ...]

    @property
    def run_usd(self) -> Decimal:
        """The largest sum of one run."""
        return total(self.run)

    @property
    def endpoint_usd_per_month(self) -> Decimal:
        """What the endpoint costs a month, however little it is asked."""
        return total(self.endpoint_month)

    @property
    def stack_usd_per_month(self) -> Decimal:
        """What the stack costs a month, whether anything runs or not."""
        return total(self.stack_month)


def total(lines: Iterable[CostLine]) -> Decimal:
    """The sum of lines that are rounded already."""
    return sum((line.usd for line in lines), Decimal("0.00"))


def job_requests(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """The three jobs' requests as PrepareRun builds them, without names and places: step -> request."""
    nowhere = {"image": "", "code_uri": "", "recipe_uri": "", "recipe_file": "", "output_uri": ""}
    if recipe.import_model is not None:
        model = import_request(**nowhere, model_uri="")
    else:
        model = training_request(recipe, image="", region="", code_uri="", rows_uri="", output_uri="")
        model = model if recipe.tuning is None else tuning_request(recipe, model)
    return {
        "preprocess": preprocess_request(**nowhere, data_uri=""),
        "train_model": model,
        "evaluate_model": evaluate_request(**nowhere, test_uri="", candidate_uri="", champion_uri=None),
    }


def endpoint_size(recipe: Recipe) -> EndpointPlan:
    """The endpoint as PrepareRun plans it, without names."""
    sizes = recipe.endpoint.model_dump(include={"instance_type", "instance_count", "poll_seconds", "deadline_seconds"})
    return EndpointPlan(endpoint_name="", endpoint_config_name="", model_name="", image_uri="", **sizes)


def largest_cost(
    jobs: Mapping[str, Mapping[str, Any]],
    endpoint: EndpointPlan,
    trial: TrialKind | None,
    region: str,
    prices: PriceTable,
) -> LargestCost:
    """The largest sum of a run.

    jobs: step -> the SageMaker request of each job that is not reused;  trial: what approvers try the candidate on
    Raises PriceMissingError when the table lacks the region or an instance.
    """
    charged = prices.region(region)
    looks = 2 * (math.ceil(Fraction(endpoint.deadline_seconds, endpoint.poll_seconds)) + 1)
    transitions = min(TRANSITIONS + looks * TRANSITIONS_PER_LOOK, MAX_EVENTS)
    attempts = min(LAMBDA_ATTEMPTS + looks * LAMBDA_ATTEMPTS_PER_LOOK, MAX_EVENTS)
    # Both ways to the endpoint end at their deadlines, with one last look, however often they look before.
    looking_seconds = 2 * (endpoint.deadline_seconds + LAMBDA_ATTEMPTS_PER_LOOK * FUNCTION_SECONDS)
    lambda_seconds = LAMBDA_ATTEMPTS * FUNCTION_SECONDS + looking_seconds
    gb_seconds = lambda_seconds * FUNCTION_GB
    lambda_usd = gb_seconds * Fraction(charged.lambda_gb_second)
    lambda_usd += Fraction(attempts, 1_000_000) * Fraction(charged.lambda_requests_million)
    return LargestCost(
        run=(
            *(_job_line(step, request, region, prices) for step, request in jobs.items()),
            _second_fleet_line(endpoint, region, prices),
            *(_trial_line(kind, endpoint, region, prices) for kind in [trial] if kind is not None),
            CostLine(
                "Step Functions",
                f"at most {transitions:,} transitions, {charged.state_transitions_1000} per 1,000",
                round_up(Fraction(transitions, 1000) * Fraction(charged.state_transitions_1000)),
            ),
            CostLine(
                "Lambda",
                f"at most {math.ceil(gb_seconds):,} GB-seconds, {charged.lambda_gb_second:f} each",
                round_up(lambda_usd),
            ),
        ),
        endpoint_month=(_endpoint_month_line(endpoint, region, prices),),
        stack_month=(
            _monthly_line("alarms", ALARMS, charged.alarm_month),
            _monthly_line("dashboard", DASHBOARDS, charged.dashboard_month),
            _monthly_line("key", KEYS, charged.key_month),
        ),
    )


def plan_cost(recipe: Recipe, plan: PrepareRunResult, region: str, prices: PriceTable) -> LargestCost:
    """The largest sum of a run that goes on, without the steps that it takes over; raises as largest_cost does."""
    steps = {"preprocess": plan.preprocess, "train_model": plan.train_model, "evaluate_model": plan.evaluate_model}
    jobs = {step: planned.parameters for step, planned in steps.items() if planned is not None and not planned.reuse}
    if plan.endpoint is None:
        raise ValueError("only the plan of a run that goes on has a cost")
    return largest_cost(jobs, plan.endpoint, trial_kind(recipe), region, prices)


def too_expensive(cost: LargestCost, ceiling: CostSection) -> str | None:
    """Why a run is not begun, with the numbers; None when it keeps the recipe's ceilings."""
    reasons = []
    if ceiling.max_run_usd is not None and cost.run_usd > ceiling.max_run_usd:
        dearest = max(cost.run, key=lambda line: line.usd)
        reasons.append(
            f"The run can cost {cost.run_usd} USD and the recipe allows {ceiling.max_run_usd:f} (cost.max_run_usd); "
            f"most of it is {dearest.what}: {dearest.how}."
        )
    if (
        ceiling.max_endpoint_usd_per_month is not None
        and cost.endpoint_usd_per_month > ceiling.max_endpoint_usd_per_month
    ):
        reasons.append(
            f"The endpoint costs {cost.endpoint_usd_per_month} USD a month and the recipe allows "
            f"{ceiling.max_endpoint_usd_per_month:f} (cost.max_endpoint_usd_per_month): {cost.endpoint_month[0].how}."
        )
    return " ".join(reasons) or None


def summary(cost: LargestCost, region: str, prices: PriceTable) -> RunCost:
    """The sums as a run's plan carries them."""
    return RunCost(
        run_usd=cost.run_usd,
        endpoint_usd_per_month=cost.endpoint_usd_per_month,
        region=region,
        prices_as_of=prices.region(region).as_of,
    )


def round_up(amount: Fraction) -> Decimal:
    """Up to the next cent."""
    return Decimal(math.ceil(amount * 100)).scaleb(-2)


def _job_line(step: str, request: Mapping[str, Any], region: str, prices: PriceTable) -> CostLine:
    use: Use = "training" if "ResourceConfig" in request else "processing"
    cluster = request["ResourceConfig"] if use == "training" else request["ProcessingResources"]["ClusterConfig"]
    trainings, volume_gb = trainings_of(request), cluster["VolumeSizeInGB"]
    count = cluster["InstanceCount"] * trainings
    seconds = request["StoppingCondition"]["MaxRuntimeInSeconds"] + STOP_SECONDS
    hour = prices.instance_hour(region, use, cluster["InstanceType"])
    hours = Fraction(seconds, SECONDS_PER_HOUR)
    volume = Fraction(prices.region(region).volume_gb_month) * volume_gb / HOURS_PER_MONTH
    return CostLine(
        _job_words(step, use, trainings),
        f"{count} x {cluster['InstanceType']} for {seconds:,} s, {hour:f} an hour, with {volume_gb} GB of disk",
        round_up(count * hours * (Fraction(hour) + volume)),
    )


def _job_words(step: str, use: Use, trainings: int) -> str:
    if step != "train_model":
        return step
    return "import_model" if use == "processing" else step if trainings == 1 else "tune_model"


def _second_fleet_line(endpoint: EndpointPlan, region: str, prices: PriceTable) -> CostLine:
    """An update keeps the old fleet until the new one serves, and so does the way back."""
    seconds = 2 * (endpoint.deadline_seconds + ENDPOINT_BUSY_SECONDS)
    hour = prices.instance_hour(region, "hosting", endpoint.instance_type)
    return CostLine(
        "endpoint update",
        f"a second {endpoint.instance_count} x {endpoint.instance_type} for {seconds:,} s, {hour:f} an hour",
        round_up(endpoint.instance_count * Fraction(seconds, SECONDS_PER_HOUR) * Fraction(hour)),
    )


def _trial_line(kind: TrialKind, endpoint: EndpointPlan, region: str, prices: PriceTable) -> CostLine:
    if kind == "serverless":
        gb = Fraction(SERVERLESS_MEMORY_MB, 1024)
        price = prices.serverless_gb_second(region)
        return CostLine(
            "trial",
            f"{MAX_QUESTIONS} questions of {MAX_ANSWER_SECONDS} s on {gb} GB of memory, {price:f} a GB-second",
            round_up(MAX_QUESTIONS * MAX_ANSWER_SECONDS * gb * Fraction(price)),
        )
    # Looked at now and then, and once more while the endpoint cannot be deleted yet.
    seconds = MAX_STARTS * (INSTANCE_SECONDS + 2 * SWEEP_SECONDS)
    hour = prices.instance_hour(region, "hosting", endpoint.instance_type)
    return CostLine(
        "trial",
        f"1 x {endpoint.instance_type} for {seconds:,} s, {hour:f} an hour",
        round_up(Fraction(seconds, SECONDS_PER_HOUR) * Fraction(hour)),
    )


def _monthly_line(what: str, count: int, month: Decimal) -> CostLine:
    return CostLine(what, f"{count} at {month:.2f} each", round_up(count * Fraction(month)))


def _endpoint_month_line(endpoint: EndpointPlan, region: str, prices: PriceTable) -> CostLine:
    hour = prices.instance_hour(region, "hosting", endpoint.instance_type)
    return CostLine(
        "endpoint",
        f"{endpoint.instance_count} x {endpoint.instance_type} for {HOURS_PER_MONTH} h, {hour:f} an hour",
        round_up(endpoint.instance_count * HOURS_PER_MONTH * Fraction(hour)),
    )
