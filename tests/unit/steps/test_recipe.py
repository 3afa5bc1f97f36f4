from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from steps.errors import RecipeInvalidError
from steps.recipe import Recipe, parse_recipe
from steps.recipe_sections.data_rules import DataRules, Rule

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def refusal(make_recipe: MakeRecipe) -> Callable[[Callable[[dict[str, Any]], object]], str]:
    """What parse_recipe says of the small recipe after a change."""

    def refuse(change: Callable[[dict[str, Any]], object]) -> str:
        document = make_recipe().model_dump(mode="json", exclude_defaults=True)
        change(document)
        with pytest.raises(RecipeInvalidError) as caught:
            parse_recipe(yaml.safe_dump(document), where="mine/recipe.yaml")
        return str(caught.value)

    return refuse


Refusal = Callable[[Callable[[dict[str, Any]], object]], str]


def test_a_recipe_is_read_with_its_defaults(make_recipe: MakeRecipe) -> None:
    text = yaml.safe_dump(make_recipe().model_dump(mode="json"))
    recipe = parse_recipe(text, where="recipe.yaml")
    assert recipe == make_recipe()
    assert recipe.data.class_names == ["bad", "good"]
    assert recipe.approval.deadline_seconds == 7 * 24 * 3600


def test_a_recipe_of_any_task_may_be_written_out_with_every_key(comments: Recipe, houses: Recipe) -> None:
    for recipe in (comments, houses):
        assert parse_recipe(yaml.safe_dump(recipe.model_dump(mode="json")), where="recipe.yaml") == recipe


def test_the_prepared_columns_are_the_inputs_then_the_answers(
    make_recipe: MakeRecipe, comments: Recipe, houses: Recipe
) -> None:
    renamed = make_recipe(data={"text_column": "body", "label_column": "kind", "labels": {"0": "bad", "1": "good"}})
    assert renamed.data.prepared_columns == ["text", "label"]
    assert comments.data.prepared_columns == ["text", "rude", "threat"]
    assert houses.data.prepared_columns == ["area", "rooms", "street", "fence", "price"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"labels": {"0": "bad", "1": "good"}, "ignored_labels": ["1"]}, "'1' is in data.labels and in data.ignored"),
        (
            {"features": {"numeric": ["label"]}, "label_column": "kind"},
            "prepared rows have a column label of their own",
        ),
    ],
)
def test_columns_and_labels_that_cannot_be_told_apart_are_refused(
    make_recipe: MakeRecipe, data: dict[str, Any], says: str
) -> None:
    sections = {"data": {"labels": {"0": "bad", "1": "good"}} | data}
    with pytest.raises(ValidationError, match=says):
        make_recipe(**sections)


def test_rules_about_texts_need_texts(houses: Recipe, refusal: Refusal) -> None:
    document = houses.model_dump(mode="json", exclude_defaults=True)
    document["data_rules"] = {"max_vocabulary_words": 5}
    with pytest.raises(ValidationError, match=r"data_rules\.max_vocabulary_words has no meaning for a table"):
        Recipe.model_validate(document)
    together = refusal(lambda d: d["data_rules"].update(short_text_characters=5))
    assert "data_rules: short_text_characters and min_short_text_share go together" in together


def test_labels_are_ignored_only_where_there_are_classes(comments: Recipe) -> None:
    document = comments.model_dump(mode="json", exclude_defaults=True)
    document["data"]["ignored_labels"] = ["2"]
    with pytest.raises(ValidationError, match=r"data\.ignored_labels has no meaning"):
        Recipe.model_validate(document)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(treshold=1), "treshold: unknown key; remove it or correct its spelling"),
        (lambda d: d["data_rules"].update(min_row=5), "data_rules.min_row: unknown key"),
        (lambda d: d["data_rules"].update(min_rows=5), "data_rules.min_rows: Input should be greater than or equal"),
        (lambda d: d["data_rules"].update(min_rows="many"), "data_rules.min_rows: Input should be a valid integer"),
        (lambda d: d["data_rules"].update(min_rows=None), "data_rules.min_rows: Input should be a valid integer"),
        (lambda d: d["data_rules"].update(min_rows={"limit": 5}), "data_rules.min_rows.limit: Input should be greater"),
        (
            lambda d: d["data_rules"].update(min_rows={"severity": "fatal"}),
            "data_rules.min_rows.severity: Input should be 'error' or 'warn'",
        ),
        (lambda d: d["data_rules"].update(min_rows={"max": 5}), "data_rules.min_rows.max: unknown key"),
        (lambda d: d.pop("approval"), "approval: missing; add it"),
        (lambda d: d["metrics"]["gates"][0].pop("floor"), "metrics.gates[0].floor: missing"),
        (lambda d: d["metrics"].update(gates=[]), "metrics.gates: List should have at least 1 item"),
        (lambda d: d["metrics"].pop("gates"), "metrics.gates: missing"),
        (
            lambda d: d["metrics"]["gates"][0].update(floor=0),
            "metrics.gates[0]: accuracy is never below 0, so this floor refuses nothing; raise it",
        ),
        (lambda d: d["metrics"]["gates"][0].update(floor=1.01), "accuracy is never above 1, so no candidate reaches"),
        (lambda d: d["metrics"]["gates"][0].update(floor=float("-inf")), "gates[0].floor: Input should be a finite"),
        (
            lambda d: d["metrics"]["gates"][0].update(name="log_loss", floor=0),
            "log_loss is never below 0, so no candidate gets below this ceiling; raise it",
        ),
        (
            lambda d: d["metrics"].update(serving={"max_p95_ms": 0}),
            "metrics.serving.max_p95_ms: Input should be greater than 0",
        ),
        (
            lambda d: d["metrics"]["gates"][0].update(name="acuracy"),
            "metrics.gates[0].name: Input should be 'accuracy'",
        ),
        (lambda d: d.update(name="My Recipe"), "name: may hold small letters, digits and single hyphens"),
        (lambda d: d["approval"].update(approvers=["nobody"]), "approval.approvers[0]: must be one e-mail address"),
        (lambda d: d.update(training={"instance_type": "m5.xlarge"}), "training.instance_type: must begin with ml."),
        (lambda d: d["data"].update(labels={"0": "bad"}), "data.labels names 1 classes"),
        (lambda d: d["data"].update(labels={"0": "bad", "1": "bad"}), "two label values have the same class name"),
        (lambda d: d["data"].update(labels={True: "good", False: "bad"}), "put the label values in quotes"),
        (
            lambda d: d["data"].update(labels={"0": "a", "1": "b", "2": "good"}),
            "task is binary, but data.labels names 3",
        ),
        (
            lambda d: d.update(endpoint={"deadline_seconds": 901, "poll_seconds": 1}),
            "901 looks, and 900 fit into an execution's history; raise poll_seconds",
        ),
        (
            lambda d: d.update(training={"instance_type": "ml.m5.xlrge"}),
            "training.instance_type: ml.m5.xlrge cannot train on SageMaker; choose one that can, near it are ml.m5.",
        ),
        (
            lambda d: d.update(training={"instance_type": "ml.t2.medium"}),
            "training.instance_type: ml.t2.medium cannot train on SageMaker; choose one that can, near it are ml.t3.",
        ),
        (
            lambda d: d.update(endpoint={"instance_type": "ml.t3.medium"}),
            "endpoint.instance_type: ml.t3.medium cannot serve on SageMaker; choose one that can, near it are ml.t2.",
        ),
        (
            lambda d: d.update(training={"instance_type": "ml.m5.qqqqqqqqqqqqqqqqqqqqqq"}),
            "cannot train on SageMaker; choose one that can, such as ml.m5.xlarge",
        ),
        (
            lambda d: d.update(endpoint={"instance_type": "ml.c7g.large"}),
            "endpoint: AWS's image does not run on ml.c7g.large, whose processor is of another kind; name",
        ),
        (
            lambda d: d.update(training={"instance_type": "ml.trn1.2xlarge"}),
            "training: AWS's image does not run on ml.trn1.2xlarge",
        ),
        (lambda d: d["smoke"]["cases"][0].update(label="fine"), "smoke.cases[0].label is 'fine', which is none of bad"),
        (lambda d: d.update(split={"test_share": 0.5}), "split.test_share: "),
    ],
)
def test_a_wrong_recipe_is_told_by_its_key(
    refusal: Refusal, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    sentence = refusal(change)
    assert sentence.startswith("mine/recipe.yaml is not a valid recipe:")
    assert says in sentence


def test_another_processor_takes_an_image_of_ones_own(make_recipe: MakeRecipe) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    recipe = make_recipe(endpoint={"instance_type": "ml.c7g.large", "image": image})
    assert recipe.endpoint.instance_type == "ml.c7g.large"


@pytest.mark.parametrize("instance_type", ["ml.g4dn.xlarge", "ml.g5.xlarge", "ml.p3.2xlarge", "ml.c5.xlarge"])
def test_an_x86_instance_runs_the_default_image(make_recipe: MakeRecipe, instance_type: str) -> None:
    assert make_recipe(training={"instance_type": instance_type}).training.instance_type == instance_type


def test_label_values_may_be_numbers(make_recipe: MakeRecipe) -> None:
    document = make_recipe().model_dump(mode="json")
    document["data"]["labels"] = {0: "bad", 1: "good"}
    assert parse_recipe(yaml.safe_dump(document), where="r").data.labels == {"0": "bad", "1": "good"}


@pytest.mark.parametrize(
    ("text", "says"), [("a: [", "is not valid YAML"), ("- a", "must hold keys and values"), ("", "must")]
)
def test_a_file_that_is_no_recipe_at_all_says_so(text: str, says: str) -> None:
    with pytest.raises(RecipeInvalidError, match=f"r.yaml {says}"):
        parse_recipe(text, where="r.yaml")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"training": {"hyperparameters": {"a": "x" * 2498}}}, None),
        ({"training": {"hyperparameters": {"a": "x" * 2499}}}, "a is too long: SageMaker allows"),
        ({"training": {"hyperparameters": {"a": '"' * 1250}}}, "a is too long: SageMaker allows"),
        ({"training": {"hyperparameters": {"n" * 257: 1}}}, "is too long: SageMaker allows 256 characters for a name"),
        (
            {"training": {"hyperparameters": {f"a{number}": "x" * 2400 for number in range(5)}}},
            "together they have 12020 characters, and 10000 are allowed",
        ),
        ({"data": {"labels": {str(number): f"class-{number}" for number in range(101)}}}, "at most 100 items"),
        (
            {"data": {"labels": {str(number): "n" * 96 + f"{number:04}" for number in range(30)}}},
            "the class names take 3182 characters as a hyperparameter, and SageMaker allows 2500; shorten them",
        ),
        ({"approval": {"approvers": [f"a{number}@example.com" for number in range(21)]}}, "at most 20 items"),
        ({"smoke": {"cases": [{"text": "good", "label": "good"}] * 31}}, "at most 30 items"),
    ],
)
def test_a_recipe_keeps_the_limits_of_what_it_becomes(
    make_recipe: MakeRecipe, section: dict[str, Any], words: str | None
) -> None:
    if words is None:
        make_recipe(**section)
        return
    with pytest.raises(ValidationError) as refused:
        make_recipe(**section, task="multi_class")
    assert words in str(refused.value)


def test_a_rule_is_a_number_or_says_how_severe_it_is(make_recipe: MakeRecipe) -> None:
    rules = make_recipe(
        data_rules={
            "min_rows": 30,
            "max_duplicate_share": {"limit": 0.3, "severity": "warn"},
            "max_empty_text_share": {"severity": "warn"},
            "max_vocabulary_words": {"limit": 50, "severity": "warn"},
        }
    ).data_rules
    told = {
        name: (rule.limit, rule.severity)
        for name in DataRules.model_fields
        if isinstance(rule := getattr(rules, name), Rule)
    }
    assert told["min_rows"] == (30, "error")
    assert told["max_duplicate_share"] == (0.3, "warn")
    assert told["max_empty_text_share"] == (0.01, "warn")
    assert told["max_vocabulary_words"] == (50, "warn")
    assert told["min_rows_per_label"] == (20, "error")
    assert DataRules.model_validate(rules.model_dump(mode="json")) == rules


def test_thresholds_are_chosen_only_for_tasks_that_have_some(make_recipe: MakeRecipe) -> None:
    metrics = {"gates": [{"name": "accuracy", "floor": 0.7}], "thresholds": "validation"}
    assert make_recipe(metrics=metrics).metrics.thresholds == "validation"
    with pytest.raises(ValidationError, match="task is multi_class, so metrics\\.thresholds"):
        make_recipe(metrics=metrics, task="multi_class")
