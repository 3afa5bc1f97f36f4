"""Applies a template's transforms, as CloudFormation does before it deploys."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import boto3
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.arn_generator import ArnGenerator
from samtranslator.translator.translator import Translator

from local.cloudformation.aws_policies import managed_policy_arns
from local.cloudformation.errors import TemplateError
from local.home import REGION

SAM = "AWS::Serverless-2016-10-31"

# It warns of usage statistics that nobody here collects.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)


def apply_transforms(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The template as CloudFormation deploys it.

    parameters: with defaults;  SAM looks some of them up
    Raises TemplateError for a transform that the laptop does not know, and with SAM's own words for an invalid one.
    """
    declared = template.get("Transform", [])
    transforms = [declared] if isinstance(declared, (str, dict)) else list(declared)
    unknown = [each for each in transforms if each != SAM]
    if unknown:
        raise TemplateError(f"No transform named {unknown[0]} found. The laptop knows {SAM} only.")
    if not transforms:
        return template
    ArnGenerator.BOTO_SESSION_REGION_NAME = REGION
    translator = Translator(managed_policy_arns(), Parser(), boto_session=boto3.Session(region_name=REGION))
    try:
        processed = translator.translate(copy.deepcopy(template), parameter_values=dict(parameters))
    except InvalidDocumentException as error:
        causes = " ".join(sorted(cause.message for cause in error.causes))
        raise TemplateError(f"Transform {SAM} failed with: {error.message} {causes}") from error
    processed.pop("Transform", None)
    return dict(processed)
