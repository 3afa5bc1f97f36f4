"""The recipe: everything that makes one model different from another, as one typed document.

A recipe lies in `recipes/<name>/recipe.yaml`. Unknown keys are errors. Durations are in seconds and
shares are between 0 and 1 unless a name says otherwise. Its sections are in `steps/recipe_sections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from steps.errors import RecipeInvalidError
from steps.recipe_sections.approval import ApprovalSection
from steps.recipe_sections.base import HYPERPARAMETERS_CHARACTERS, WANTED, RecipeName, Section
from steps.recipe_sections.behaviour import BehaviourSection
from steps.recipe_sections.behaviour_fit import check_test
from steps.recipe_sections.data import DataSection, SplitSection
from steps.recipe_sections.data_rules import TEXT_RULES, DataRules
from steps.recipe_sections.metrics import (
    CLASS_METRICS,
    LABEL_METRICS,
    NUMBER_METRICS,
    MetricsSection,
)
from steps.recipe_sections.release import CostSection, EndpointSection, SmokeCase, SmokeSection
from steps.recipe_sections.slices import SliceSection, check_slices
from steps.recipe_sections.training import (
    MAX_HYPERPARAMETERS,
    MAX_SEARCH_SECONDS,
    ImportSection,
    TrainingSection,
    TuningSection,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Task = Literal["binary", "multi_class", "multi_label", "regression"]

THRESHOLD_TASKS: frozenset[Task] = frozenset({"binary", "multi_label"})

_METRICS = {
    "binary": CLASS_METRICS,
    "multi_class": CLASS_METRICS,
    "multi_label": LABEL_METRICS,
    "regression": NUMBER_METRICS,
}


class Recipe(Section):
    """One model's recipe."""

    name: RecipeName = Field(description="Small letters, digits and single hyphens; names the endpoint too.")
    description: str = Field(min_length=1, max_length=500, description="One sentence for the approver.")
    not_for: str = Field(
        default="",
        max_length=500,
        description="What the model must not be used for, as a sentence; shown wherever it answers.",
    )
    task: Task = Field(description="Two classes, one of several, any number of several labels, or a number.")
    data: DataSection
    split: SplitSection = SplitSection()
    data_rules: DataRules = DataRules()
    training: TrainingSection = TrainingSection()
    tuning: TuningSection | None = Field(default=None, description="Search hyperparameters instead of one training.")
    import_model: ImportSection | None = Field(default=None, description="Take a model that exists, without training.")
    metrics: MetricsSection
    slices: list[SliceSection] = Field(
        default=[], max_length=50, description="Parts of the test rows that are measured on their own."
    )
    behaviour: BehaviourSection = BehaviourSection()
    approval: ApprovalSection
    endpoint: EndpointSection = EndpointSection()
    smoke: SmokeSection
    cost: CostSection = CostSection()

    @property
    def can_have_thresholds(self) -> bool:
        """Whether an answer follows from a probability that reaches a threshold."""
        return self.task in THRESHOLD_TASKS

    @property
    def chooses_thresholds(self) -> bool:
        """Whether EvaluateModel chooses them on the validation rows."""
        return self.metrics.thresholds == "validation"

    @model_validator(mode="after")
    def _parts_agree(self) -> Recipe:
        _check_answers(self.task, self.data)
        _check_rules(self.data, self.data_rules)
        _check_metrics(self.task, self.metrics)
        check_slices(self.slices, self.task, self.data, self.metrics.gates[0].name)
        for index, test in enumerate(self.behaviour.tests):
            check_test(f"behaviour.tests[{index}]", test, self.task, self.data)
        for index, case in enumerate(self.smoke.cases):
            _check_case(f"smoke.cases[{index}]", case, self)
        if self.tuning is not None:
            _check_search(self.tuning, self.training)
        if self.import_model is not None:
            _check_import(self)
        _check_trial(self)
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
    return parse_document(document, where=where)


def parse_document(document: dict[str, Any], *, where: str) -> Recipe:
    """Read a recipe's keys and values; raises RecipeInvalidError as parse_recipe does."""
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        lines = [f"  {_key(_written(problem['loc'], document))}: {_sentence(problem)}" for problem in error.errors()]
        raise RecipeInvalidError("\n".join([f"{where} is not a valid recipe:", *lines])) from error


def _check_answers(task: Task, data: DataSection) -> None:
    """The data section names the columns of the task's answers, and no other task's."""
    given: dict[str, Any] = {
        "labels": data.labels,
        "label_columns": data.label_columns,
        "target_column": data.target_column,
    }
    wanted = {"multi_label": "label_columns", "regression": "target_column"}.get(task, "labels")
    if not given[wanted]:
        raise ValueError(f"task is {task}, so data.{wanted} is needed; add it")
    other = [name for name, value in given.items() if value and name != wanted]
    if other:
        raise ValueError(f"task is {task}, so data.{other[0]} has no meaning; remove it")
    names = data.class_names
    if task == "binary" and len(names) != 2:  # noqa: PLR2004 - binary is two
        raise ValueError(f"task is binary, but data.labels names {len(names)} classes")
    if task == "multi_class" and len(names) < 2:  # noqa: PLR2004 - fewer leave nothing to tell apart
        raise ValueError("task is multi_class, but data.labels names one class")
    both = sorted(set(data.input_columns) & set(data.answer_columns))
    if both:
        raise ValueError(f"the column {both[0]} is both what the model sees and what it shall answer")
    columns = data.prepared_columns
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise ValueError(f"prepared rows have a column {twice[0]} of their own; rename that column in the file")
    unclear = sorted(set(data.labels) & set(data.ignored_labels))
    if unclear:
        raise ValueError(f"'{unclear[0]}' is in data.labels and in data.ignored_labels; remove it from one of them")
    if data.ignored_labels and not data.labels:
        raise ValueError(f"task is {task}, so data.ignored_labels has no meaning; remove it")


def _check_rules(data: DataSection, rules: DataRules) -> None:
    """Rules about texts need texts."""
    if data.features is None:
        return
    for name in TEXT_RULES:
        if getattr(rules, name) != DataRules.model_fields[name].default:
            raise ValueError(f"data_rules.{name} has no meaning for a table; remove it")


def _check_metrics(task: Task, metrics: MetricsSection) -> None:
    for index, gate in enumerate(metrics.gates):
        if gate.name not in _METRICS[task]:
            known = ", ".join(sorted(_METRICS[task]))
            raise ValueError(f"metrics.gates[{index}].name is {gate.name}, but task {task} has {known}")
    if metrics.thresholds == "validation" and task not in THRESHOLD_TASKS:
        raise ValueError(f"task is {task}, so metrics.thresholds: validation has no meaning; remove it")


def _check_search(tuning: TuningSection, training: TrainingSection) -> None:
    """All trainings of a search fit into SageMaker's limits, and its hyperparameters into the run's state."""
    # The laptop runs one at a time, so this holds for it too.
    seconds = tuning.max_jobs * training.max_runtime_seconds
    if seconds > MAX_SEARCH_SECONDS:
        raise ValueError(
            f"tuning.max_jobs times training.max_runtime_seconds is {seconds:,} s, and a search may take "
            f"{MAX_SEARCH_SECONDS:,} s (30 days); lower one of them"
        )
    names = {*training.hyperparameters, *tuning.ranges}
    if len(names) > MAX_HYPERPARAMETERS:
        raise ValueError(
            f"training.hyperparameters and tuning.ranges name {len(names)} hyperparameters, and "
            f"{MAX_HYPERPARAMETERS} are allowed"
        )
    total = training.characters + tuning.characters
    if total > HYPERPARAMETERS_CHARACTERS:
        raise ValueError(
            f"training.hyperparameters and tuning.ranges have {total} characters together, and "
            f"{HYPERPARAMETERS_CHARACTERS} are allowed"
        )


def _check_import(recipe: Recipe) -> None:
    if recipe.tuning is not None:
        raise ValueError("tuning and import_model exclude each other; a model is searched for or brought along")
    if recipe.data.features is not None:
        raise ValueError(
            "import_model takes a TensorFlow SavedModel that reads a text, but data.features says the model reads a "
            "table; train that model, or name data.text_column"
        )


def _check_trial(recipe: Recipe) -> None:
    if recipe.approval.trial == "serverless" and recipe.endpoint.image == "inference-pipeline":
        raise ValueError(
            "approval.trial is serverless, but endpoint.image is inference-pipeline, and SageMaker has no serverless "
            "endpoints of several containers; use instance or none"
        )


def _check_case(where: str, case: SmokeCase, recipe: Recipe) -> None:
    """A case asks what the model reads and expects what it answers."""
    asked = "text" if recipe.data.features is None else "row"
    if getattr(case, asked) is None or (case.text is not None and case.row is not None):
        raise ValueError(f"{where} needs {asked}, and nothing else, to ask the model")
    if recipe.data.features is not None and case.row is not None:
        absent = [name for name in recipe.data.features.columns if name not in case.row]
        if absent:
            raise ValueError(f"{where}.row lacks the column {absent[0]}; give it, or null for no value")
    expected = {
        "label": case.label is not None,
        "labels": case.labels is not None,
        "minimum and maximum": case.minimum is not None or case.maximum is not None,
    }
    wanted = {"multi_label": "labels", "regression": "minimum and maximum"}.get(recipe.task, "label")
    if not expected[wanted] or sum(expected.values()) > 1:
        raise ValueError(f"{where} needs {wanted}, and nothing else, to say what must be answered")
    names = recipe.data.class_names
    for name in [*([case.label] if case.label is not None else []), *(case.labels or [])]:
        if name not in names:
            key = "label" if case.label is not None else "labels"
            raise ValueError(f"{where}.{key} is '{name}', which is none of {', '.join(names)}")
    if case.minimum is not None and case.maximum is not None and case.minimum > case.maximum:
        raise ValueError(f"{where}.minimum is above its maximum")


def _written(location: tuple[int | str, ...], document: object) -> tuple[int | str, ...]:
    """The location without the limit of a rule that was written as a bare number."""
    written = document
    for part in location[:-1]:
        written = written.get(part) if isinstance(written, dict) else None
    return location if location[:1] != ("data_rules",) or isinstance(written, dict) else location[:-1]


def _key(location: tuple[int | str, ...]) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return key.lstrip(".") or "recipe"


def _sentence(problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        return "unknown key; remove it or correct its spelling (docs/recipes.md lists every key)"
    if problem["type"] == "missing":
        return "missing; add it"
    if problem["type"] == "string_pattern_mismatch":
        return WANTED.get(problem["ctx"]["pattern"], problem["msg"])
    return str(problem["msg"]).removeprefix("Value error, ")
