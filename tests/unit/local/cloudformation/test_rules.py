"""Rules of a template: what they assert, and how a broken one reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.cloudformation.errors import TemplateError
from local.cloudformation.rules import check_rules
from local.template_syntax import parse_template

TEMPLATE = Path(__file__).parents[4] / "template.yaml"
RULES: dict[str, Any] = {"RegionHasImages": parse_template(TEMPLATE.read_text())["Rules"]["RegionHasImages"]}
OWN_IMAGES = {
    "TensorFlowTrainingImage": "me/train:1",
    "TensorFlowInferenceImage": "me/serve:1",
    "ScikitLearnImage": "me/scikit-learn:1",
    "XGBoostImage": "me/xgboost:1",
}
NO_IMAGES = dict.fromkeys(OWN_IMAGES, "")


def test_a_region_with_images_is_fine() -> None:
    check_rules(RULES, NO_IMAGES, region="eu-west-1")


def test_a_region_without_images_is_refused_with_what_to_do() -> None:
    with pytest.raises(TemplateError, match=r"Rule RegionHasImages failed: AWS publishes no TensorFlow 2\.19 images"):
        check_rules(RULES, NO_IMAGES, region="xx-nowhere-1")


@pytest.mark.parametrize("name", OWN_IMAGES)
def test_a_missing_image_of_ones_own_is_one_too_many(name: str) -> None:
    with pytest.raises(TemplateError, match=name):
        check_rules(RULES, {**OWN_IMAGES, name: ""}, region="xx-nowhere-1")


def test_a_region_without_images_takes_images_of_ones_own() -> None:
    check_rules(RULES, OWN_IMAGES, region="xx-nowhere-1")


def test_a_rule_knows_parameters_only() -> None:
    rule = {"R": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Bucket"}, "a"]}}]}}
    with pytest.raises(TemplateError, match="Bucket, which is no parameter"):
        check_rules(rule, {})


def test_a_rule_without_a_description_shows_its_assertion() -> None:
    rule = {"R": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Size"}, "1"]}}]}}
    with pytest.raises(TemplateError, match=r"Rule R failed: .*Size"):
        check_rules(rule, {"Size": "2"})
