"""RegisterModel: register the very bytes that were evaluated, pending approval."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import model_registry
from lambdas.artifacts import planned, read_recipe
from lambdas.observed import logger, state_handler
from lambdas.settings import Settings
from steps.contracts import CheckMetricsResult, PrepareRunResult, RegisterModelResult
from steps.evaluation_report import EVALUATION_REPORT, MetricsReport
from steps.names import RUN_TAG, digest_of, endpoint_name
from steps.ports import ArtifactStore, ModelContainer, ModelPackage, ModelRegistry
from steps.report.registry_card import registry_card

# SageMaker's limits: an idempotency token of 36 characters, properties of 256.
_TOKEN_CHARACTERS = 36


class RegisterModelInput(BaseModel):
    """Event of RegisterModel."""

    run_id: str
    plan: PrepareRunResult
    check_metrics: CheckMetricsResult


class RegisterModelSettings(Settings):
    """Environment of RegisterModel."""

    stack_name: str


@cache
def settings() -> RegisterModelSettings:
    """The function's environment, read at the first call."""
    return RegisterModelSettings.from_environment()


def register_model(
    request: RegisterModelInput, stack: str, artifacts: ArtifactStore, registry: ModelRegistry
) -> RegisterModelResult:
    """Register the run's candidate; a repeated call registers nothing anew."""
    plan = request.plan
    model, endpoint, evaluation = planned(plan.train_model), planned(plan.endpoint), planned(plan.evaluate_model)
    digest = artifacts.digest(model.output_uri)
    report_uri = f"{evaluation.output_uri}/{EVALUATION_REPORT}"
    measured = MetricsReport.model_validate_json(artifacts.read(report_uri))
    containers = [
        ModelContainer(each.image_uri, model.output_uri, each.environment) for each in endpoint.containers
    ] or [ModelContainer(endpoint.image_uri, model.output_uri, {})]
    arn, version = registry.register(
        ModelPackage(
            group=endpoint_name(stack, plan.recipe),
            group_tags={key: value for key, value in endpoint.tags.items() if key != RUN_TAG},
            description=f"{plan.recipe}, run {plan.run_id}",
            containers=containers,
            instance_type=endpoint.instance_type,
            report_uri=report_uri,
            card=registry_card(read_recipe(plan, artifacts), plan, measured),
            properties={
                "run_id": plan.run_id,
                "model_digest": digest,
                "data_digest": plan.data_digest,
                "recipe_digest": plan.recipe_digest,
                "code_digest": plan.code_digest,
                "training_job": model.job_name,
                **({"metrics_overridden_by": plan.requested_by} if request.check_metrics.overridden else {}),
                **{f"metric_{name}": f"{value:.6g}" for name, value in request.check_metrics.metrics.items()},
            },
            request_token=digest_of(plan.run_id, digest)[:_TOKEN_CHARACTERS],
        )
    )
    return RegisterModelResult(
        model_package_arn=arn,
        model_version=version,
        model_data_uri=model.output_uri,
        model_digest=digest,
        containers=[
            {"Image": each.image_uri, "ModelDataUrl": each.model_data_uri, "Environment": dict(each.environment)}
            for each in containers
        ]
        if endpoint.is_pipeline
        else [],
    )


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan, check_metrics. Result: RegisterModelResult."""
    request = RegisterModelInput.model_validate(event)
    result = register_model(request, settings().stack_name, artifact_store(), model_registry())
    logger.info("model registered", model_version=result.model_version, model_digest=result.model_digest)
    return result.model_dump(mode="json")
