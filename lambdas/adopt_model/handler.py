"""AdoptModel: put the best model of a search where the run's model is planned to lie, or judge what was imported."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from lambdas.adapters.s3 import artifact_store
from lambdas.adapters.sagemaker import job_history
from lambdas.artifacts import planned
from lambdas.observed import logger, state_handler
from steps.adopt_model import adopt_import, adopt_search, best_trial, search_report
from steps.contracts import AdoptModelResult, ImportReport, PrepareRunResult
from steps.ports import ArtifactStore, JobHistory


class AdoptModelInput(BaseModel):
    """Event of AdoptModel."""

    run_id: str
    plan: PrepareRunResult


def adopt_model(request: AdoptModelInput, artifacts: ArtifactStore, jobs: JobHistory) -> AdoptModelResult:
    """Adopt the run's model; safe to repeat."""
    plan = request.plan
    step = planned(plan.train_model)
    folder = step.output_uri.rsplit("/", 1)[0]
    if plan.how_to_get_model == "import":
        return adopt_import(ImportReport.model_validate_json(artifacts.read(f"{folder}/report.json")))
    report = search_report(step.job_name, step.parameters, jobs.trials(step.job_name))
    best = best_trial(report)
    trials_uri = f"{folder}/trials.json"
    artifacts.copy(
        f"{step.parameters['OutputDataConfig']['S3OutputPath']}/{best.training_job}/output/model.tar.gz",
        step.output_uri,
    )
    artifacts.write(trials_uri, report.model_dump_json(indent=2).encode())
    return adopt_search(report, trials_uri)


@state_handler
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Event: run_id, plan. Result: AdoptModelResult."""
    result = adopt_model(AdoptModelInput.model_validate(event), artifact_store(), job_history())
    logger.info("model adopted", verdict=result.verdict, trials=result.search.tried if result.search else None)
    return result.model_dump(mode="json")
