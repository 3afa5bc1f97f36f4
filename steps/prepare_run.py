"""PrepareRun: is anything new, what can be reused, and what is every name and folder of the run?

Steps are addressed by what goes into them: a step's key digests its inputs, its part of the recipe, its code
and its image, so an unchanged key means an unchanged result. Pure: what is read is handed in as Facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from steps.code_manifest import CodeManifest
from steps.comparable import why_incomparable
from steps.contracts import EndpointPlan, LiveVersion, PipelineContainer, PrepareRunResult, StepPlan
from steps.cost import plan_cost, summary, too_expensive
from steps.errors import PriceMissingError, RecipeInvalidError
from steps.job_requests import (
    LIBRARIES,
    SCIKIT_LEARN_LIBRARIES,
    START_UP_SECONDS,
    evaluate_request,
    import_request,
    preprocess_request,
    training_request,
    tuning_request,
)
from steps.names import digest_of, endpoint_name, job_name, model_name, run_tags, run_uri, tuning_job_name
from steps.people import why_nobody_can_approve
from steps.ports import StepRecord
from steps.pretrained import pretrained_uri
from steps.prices import PriceTable
from steps.recipe import Recipe

StepName = Literal["preprocess", "train_model", "evaluate_model"]
STEP_NAMES: tuple[StepName, ...] = ("preprocess", "train_model", "evaluate_model")
JOB_SUFFIXES: dict[StepName, str] = {"preprocess": "preprocess", "train_model": "train", "evaluate_model": "evaluate"}
# Sections and keys by which EvaluateModel measures, and those that only CheckMetrics reads.
MEASURED_PARTS: dict[str, Any] = {
    "slices": True,
    "metrics": {"thresholds": True},
    "smoke": {"evaluated_rows": True},
    "behaviour": True,
}
NOT_MEASURED: dict[str, Any] = {"slices": {"__all__": {"critical": True, "margin": True}}}
# How the step train_model gets its model, and the last part of that job's name.
GetModel = Literal["train", "tune", "import"]
IMPORT_SUFFIX = "import"
# On top of every wait that the plan knows: Lambdas, polling and the way back.
LOCK_MARGIN = timedelta(hours=2)
# What the containers of a table's pipeline run, out of the archive that both are given.
PIPELINE_SCRIPTS = ("transform_rows.py", "score_rows.py")
PIPELINE_ENVIRONMENT = {
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "PYTHONPATH": "/opt/ml/model/code:/opt/ml/model/code/lib",
}
# The template names this registry where AWS publishes none of the images in a region.
NO_REGISTRY = "none."


@dataclass(frozen=True)
class Facts:
    """All that a plan follows from."""

    run_id: str
    started_at: datetime
    requested_by: str
    force: bool
    recipe: Recipe
    recipe_uri: str
    data_uri: str
    data_digest: str
    code: CodeManifest
    code_uri: str
    live: LiveVersion | None
    bucket: str
    region: str
    stack: str
    tensorflow_training_image: str
    tensorflow_inference_image: str
    scikit_learn_image: str
    xgboost_image: str
    model_uri: str | None = None
    model_digest: str | None = None
    override_reason: str | None = None

    @property
    def get_model(self) -> GetModel:
        """What the recipe says the model comes from."""
        if self.recipe.import_model is not None:
            return "import"
        return "train" if self.recipe.tuning is None else "tune"

    @property
    def training_image(self) -> str:
        """URI of the image that trains, preprocesses and evaluates."""
        named = self.recipe.training.image
        ours = {
            "tensorflow-training": self.tensorflow_training_image,
            "sagemaker-scikit-learn": self.scikit_learn_image,
        }
        return _pulled(ours.get(named, named))

    @property
    def libraries(self) -> str:
        """Folder of the wheels for that image's Python, beside the code."""
        return SCIKIT_LEARN_LIBRARIES if self.recipe.training.image == "sagemaker-scikit-learn" else LIBRARIES

    @property
    def inference_images(self) -> list[str]:
        """URIs of the images that serve, in the order in which they are called; one, or those of a pipeline."""
        named = self.recipe.endpoint.image
        if named == "inference-pipeline":
            return [_pulled(self.scikit_learn_image), _pulled(self.xgboost_image)]
        return [self.tensorflow_inference_image if named == "tensorflow-inference" else named]

    @property
    def pretrained_uri(self) -> str | None:
        """Folder of the weights that training starts from; None when it starts from nothing."""
        section = self.recipe.training.pretrained
        return None if section is None else pretrained_uri(self.bucket, section.sha256)

    @property
    def recipe_digest(self) -> str:
        """Digest of what the recipe says; comments, the order of its keys and its cost ceilings do not count."""
        return digest_of(self.recipe.model_dump(mode="json", exclude={"cost"}))

    @property
    def code_digest(self) -> str:
        """Digest of what runs: the modules of the three jobs and the images; another recipe's change is none."""
        jobs = {name: digest for name, digest in self.code.steps.items() if name != "import_model"}
        return digest_of(jobs, self.getting_digest, self.training_image, *self.inference_images)

    @property
    def getting_digest(self) -> str:
        """Digest of the code that gets the model: the training script's, or that of the import."""
        return self.code.steps["import_model"] if self.get_model == "import" else self.script_digest

    @property
    def script_digest(self) -> str:
        """Digest of the training script and what it imports; raises RecipeInvalidError when there is no such script."""
        script = self.recipe.training.script
        if script not in self.code.scripts:
            known = ", ".join(self.code.scripts)
            raise RecipeInvalidError(
                f"{self.recipe_uri}: training.script is '{script}', but the deployed scripts are {known}; "
                "correct the path, or deploy the script first"
            )
        return self.code.scripts[script]

    @property
    def comparable_champion(self) -> LiveVersion | None:
        """The live version, if it can be measured beside the candidate."""
        return self.live if self.live is not None and why_incomparable(self.live, self.recipe) is None else None


@dataclass(frozen=True)
class EarlierStep:
    """A step that a run before began under the same key; usable when its job completed and its output is there."""

    record: StepRecord
    usable: bool


def compare_with_live(facts: Facts) -> dict[str, str]:
    """What a release would change: data, recipe and code, each `unchanged`, `changed` or `first release`.

    An import compares its archive too, as `model`.
    """
    names = ("data", "recipe", "code", *(["model"] if facts.get_model == "import" else []))
    if facts.live is None:
        return dict.fromkeys(names, "first release")
    pairs = {
        "data": (facts.data_digest, facts.live.data_digest),
        "recipe": (facts.recipe_digest, facts.live.recipe_digest),
        "code": (facts.code_digest, facts.live.code_digest),
    }
    if facts.get_model == "import":
        # An archive is served as it was brought, so the live version's bytes are those of its import.
        pairs["model"] = (facts.model_digest or "", facts.live.model_digest)
    return {name: "unchanged" if new == old else "changed" for name, (new, old) in pairs.items()}


def is_nothing_new(facts: Facts) -> bool:
    """Whether the live version was made from exactly these inputs, and nobody asked to do it anew."""
    return not facts.force and all(verdict == "unchanged" for verdict in compare_with_live(facts).values())


def step_keys(facts: Facts) -> dict[StepName, str]:
    """Key of each reusable step; a step's key holds the keys of those before it."""
    recipe, champion, image = facts.recipe, facts.comparable_champion, facts.training_image
    preprocess = digest_of(
        facts.data_digest,
        recipe.data.model_dump(mode="json"),
        list(recipe.data.labels),  # the order of the classes, which a digest of the section does not hold
        recipe.split.model_dump(mode="json"),
        recipe.data_rules.counted(),
        facts.code.steps["preprocess"],
        image,
    )
    train_model = digest_of(
        preprocess,
        *_model_inputs(facts),
        recipe.data.class_names,
        facts.getting_digest,
        image,
    )
    evaluate_model = digest_of(
        train_model,
        champion.model_digest if champion else None,
        champion.card_uri if champion and recipe.can_have_thresholds else None,
        preprocess,
        *_measured_parts(recipe),
        facts.code.steps["evaluate_model"],
        image,
    )
    return {"preprocess": preprocess, "train_model": train_model, "evaluate_model": evaluate_model}


def stand_still(facts: Facts, decision: Literal["nothing_new", "already_running"], reason: str) -> PrepareRunResult:
    """The result of a run that goes no further."""
    return PrepareRunResult(
        run_id=facts.run_id,
        recipe=facts.recipe.name,
        decision=decision,
        reason=reason,
        compared=compare_with_live(facts),
        recipe_uri=facts.recipe_uri,
        data_uri=facts.data_uri,
        data_digest=facts.data_digest,
        recipe_digest=facts.recipe_digest,
        code_digest=facts.code_digest,
        champion=facts.live,
        started_at=facts.started_at,
        requested_by=facts.requested_by,
    )


def plan_run(facts: Facts, earlier: Mapping[StepName, EarlierStep]) -> PrepareRunResult:
    """The plan of a run that goes on.

    earlier: what was found under this run's step keys; ignored when the run is forced. A step after one
    that runs anew runs anew too, even if its key is known: its result belongs to other bytes.
    Raises RecipeInvalidError when nobody could approve.
    """
    _require_another_person(facts)
    folder = run_uri(facts.bucket, facts.run_id)
    keys = step_keys(facts)
    reused, reasons = _choose_reuse(facts, earlier)
    names = {step: job_name(facts.run_id, JOB_SUFFIXES[step]) for step in STEP_NAMES}
    names["train_model"], archive = _place_model(facts)
    names |= {step: record.job_name for step, record in reused.items()}
    outputs = {step: f"{folder}/{step}" for step in STEP_NAMES}
    outputs["train_model"] = f"{folder}/{archive}"
    outputs |= {step: record.output_uri for step, record in reused.items()}

    recipe_file = facts.recipe_uri.rsplit("/", 1)[-1]
    champion = facts.comparable_champion
    parameters = {
        "preprocess": preprocess_request(
            image=facts.training_image,
            code_uri=facts.code_uri,
            data_uri=facts.data_uri,
            recipe_uri=facts.recipe_uri,
            recipe_file=recipe_file,
            output_uri=outputs["preprocess"],
            libraries=facts.libraries,
        ),
        "train_model": _model_request(facts, rows_uri=outputs["preprocess"], folder=folder),
        "evaluate_model": evaluate_request(
            image=facts.training_image,
            code_uri=facts.code_uri,
            test_uri=f"{outputs['preprocess']}/test.csv",
            candidate_uri=outputs["train_model"],
            champion_uri=champion.model_data_uri if champion else None,
            champion_card_uri=champion.card_uri if champion and facts.recipe.can_have_thresholds else None,
            validation_uri=f"{outputs['preprocess']}/validation.csv" if facts.recipe.chooses_thresholds else None,
            recipe_uri=facts.recipe_uri,
            recipe_file=recipe_file,
            output_uri=outputs["evaluate_model"],
            libraries=facts.libraries,
        ),
    }
    steps = {
        step: StepPlan(
            key=keys[step],
            reuse=step in reused,
            reason=reasons[step],
            job_name=names[step],
            output_uri=outputs[step],
            parameters=parameters[step],
        )
        for step in STEP_NAMES
    }
    return PrepareRunResult(
        run_id=facts.run_id,
        recipe=facts.recipe.name,
        decision="go",
        reason=_why_go(facts),
        compared=compare_with_live(facts),
        recipe_uri=facts.recipe_uri,
        data_uri=facts.data_uri,
        data_digest=facts.data_digest,
        recipe_digest=facts.recipe_digest,
        code_digest=facts.code_digest,
        run_uri=folder,
        champion=facts.live,
        preprocess=steps["preprocess"],
        train_model=steps["train_model"],
        how_to_get_model="reuse" if steps["train_model"].reuse else facts.get_model,
        evaluate_model=steps["evaluate_model"],
        endpoint=_plan_endpoint(facts),
        approval_deadline_seconds=facts.recipe.approval.deadline_seconds,
        started_at=facts.started_at,
        requested_by=facts.requested_by,
        override_reason=facts.override_reason,
    )


def _require_another_person(facts: Facts) -> None:
    """Said before anything is paid for: whoever started the run cannot be the only one to approve it."""
    approval = facts.recipe.approval
    problem = why_nobody_can_approve(approval.everybody, facts.requested_by)
    if approval.policy != "never" and problem is not None:
        raise RecipeInvalidError(f"{facts.recipe_uri}: {problem}")


def keep_ceiling(plan: PrepareRunResult, recipe: Recipe, region: str, prices: PriceTable) -> PrepareRunResult:
    """The plan with its largest cost, refused when that is more than the recipe allows.

    Raises PriceMissingError when the recipe sets a ceiling that the price table cannot judge.
    """
    try:
        cost = plan_cost(recipe, plan, region, prices)
    except PriceMissingError as error:
        if not recipe.cost.has_ceiling:
            return plan
        raise PriceMissingError(
            f"{plan.recipe_uri} sets a cost ceiling, but {error}; or remove the section `cost`"
        ) from error
    changes: dict[str, object] = {"cost": summary(cost, region, prices)}
    refusal = too_expensive(cost, recipe.cost)
    if refusal is not None:
        changes |= {"decision": "too_expensive", "reason": f"{refusal} {_told_prices(region, prices)}"}
    return plan.model_copy(update=changes)


def lock_deadline(recipe: Recipe, now: datetime) -> datetime:
    """When the longest run this recipe allows must be over; a lock older than that has no owner any more."""
    trainings = recipe.tuning.max_jobs if recipe.tuning else 1
    jobs_seconds = 3 * 3600 + trainings * recipe.training.max_runtime_seconds + (trainings - 1) * START_UP_SECONDS
    waits_seconds = recipe.approval.deadline_seconds + 2 * recipe.endpoint.deadline_seconds
    return now + timedelta(seconds=jobs_seconds + waits_seconds) + LOCK_MARGIN


def nothing_new_reason(live: LiveVersion) -> str:
    """Why a run ends before it begins."""
    return (
        f"Nothing is new: version {live.model_version}, live since {live.released_at:%Y-%m-%d %H:%M} UTC, "
        "was made from this very data, recipe and code."
    )


def _model_inputs(facts: Facts) -> list[object]:
    """What the step that gets the model takes beside the rows and the code; two ways never give equal inputs."""
    recipe = facts.recipe
    if recipe.import_model is not None:
        smoke = recipe.smoke.model_dump(mode="json", include={"cases"})
        return [{"archive": facts.model_digest, "max_bytes": recipe.import_model.max_bytes, **smoke}, recipe.task]
    trained: list[object] = [recipe.training.model_dump(mode="json")]
    return trained if recipe.tuning is None else [*trained, {"tuning": recipe.tuning.model_dump(mode="json")}]


def _measured_parts(recipe: Recipe) -> list[object]:
    """What EvaluateModel takes of the recipe beside the data; how it is judged then does not count."""
    parts = recipe.model_dump(mode="json", include=MEASURED_PARTS, exclude=NOT_MEASURED)
    return [parts, recipe.metrics.gates[0].name]


def _place_model(facts: Facts) -> tuple[str, str]:
    """Name of the job that gets the model, and where in the run's folder the archive will lie."""
    if facts.get_model == "tune":
        return tuning_job_name(facts.run_id), "adopt_model/model.tar.gz"
    if facts.get_model == "import":
        return job_name(facts.run_id, IMPORT_SUFFIX), "import_model/model.tar.gz"
    name = job_name(facts.run_id, JOB_SUFFIXES["train_model"])
    return name, f"train_model/{name}/output/model.tar.gz"


def _model_request(facts: Facts, *, rows_uri: str, folder: str) -> dict[str, Any]:
    """The request of the job that gets the model."""
    if facts.get_model == "import":
        return import_request(
            image=facts.training_image,
            code_uri=facts.code_uri,
            model_uri=facts.model_uri or "",
            recipe_uri=facts.recipe_uri,
            recipe_file=facts.recipe_uri.rsplit("/", 1)[-1],
            output_uri=f"{folder}/import_model",
        )
    training = training_request(
        facts.recipe,
        image=facts.training_image,
        region=facts.region,
        code_uri=facts.code_uri,
        rows_uri=rows_uri,
        output_uri=f"{folder}/{'tune_model' if facts.get_model == 'tune' else 'train_model'}",
        libraries=facts.libraries,
        pretrained_uri=facts.pretrained_uri,
    )
    return tuning_request(facts.recipe, training) if facts.get_model == "tune" else training


def _choose_reuse(
    facts: Facts, earlier: Mapping[StepName, EarlierStep]
) -> tuple[dict[StepName, StepRecord], dict[StepName, str]]:
    reused: dict[StepName, StepRecord] = {}
    reasons: dict[StepName, str] = {}
    anew_before: StepName | None = None
    for step in STEP_NAMES:
        found = earlier.get(step)
        if facts.force:
            reasons[step] = "Run anew, as asked."
        elif anew_before is not None:
            reasons[step] = f"Run, because {anew_before} is run."
        elif found is None:
            reasons[step] = "Run: no run before had this data, recipe and code."
        elif not found.usable:
            reasons[step] = f"Run: run {found.record.run_id} began it with the same inputs, but left no usable result."
        else:
            reused[step] = found.record
            reasons[step] = f"Reused from run {found.record.run_id}: same data, recipe and code."
        if step not in reused:
            anew_before = anew_before or step
    return reused, reasons


def _told_prices(region: str, prices: PriceTable) -> str:
    return f"Prices of {region} as of {prices.region(region).as_of}; `greenlight cost RECIPE` shows every line."


def _plan_endpoint(facts: Facts) -> EndpointPlan:
    endpoint, name = facts.recipe.endpoint, model_name(facts.stack, facts.run_id)
    images = facts.inference_images
    is_pipeline = len(images) > 1
    return EndpointPlan(
        endpoint_name=endpoint_name(facts.stack, facts.recipe.name),
        endpoint_config_name=name,
        model_name=name,
        image_uri=images[0],
        instance_type=endpoint.instance_type,
        instance_count=endpoint.instance_count,
        poll_seconds=endpoint.poll_seconds,
        deadline_seconds=endpoint.deadline_seconds,
        tags=run_tags(facts.stack, facts.recipe.name, facts.run_id),
        is_pipeline=is_pipeline,
        containers=[
            PipelineContainer(image_uri=image, environment={**PIPELINE_ENVIRONMENT, "SAGEMAKER_PROGRAM": script})
            for image, script in zip(images, PIPELINE_SCRIPTS, strict=True)
        ]
        if is_pipeline
        else [],
    )


def _pulled(image: str) -> str:
    """An image that there is in the region; raises RecipeInvalidError for one that there is not."""
    if image.startswith(NO_REGISTRY):
        name = image.rpartition("/")[2].partition(":")[0]
        raise RecipeInvalidError(
            f"AWS publishes no image {name} in this region, which the recipe asks for; deploy with the parameters "
            "ScikitLearnImage and XGBoostImage naming images that this region can pull"
        )
    return image


def _why_go(facts: Facts) -> str:
    if facts.live is None:
        return "First release of this recipe."
    changed = [name for name, verdict in compare_with_live(facts).items() if verdict == "changed"]
    if not changed:
        return f"Nothing changed since version {facts.live.model_version}, but every step was asked for anew."
    return f"Changed since version {facts.live.model_version}: {', '.join(changed)}."
