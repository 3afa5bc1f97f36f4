"""The tag actions of the SageMaker API, where moto's differ from AWS's."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

_VERSION = ":model-package/"


class TagsApi(SageMakerResponse):
    """Tags of everything that has some: a tag's key is there once, and a model's version has its group's."""

    def add_tags(self) -> ActionResult:
        """AddTags: a key that is there already gets the new value."""
        tags = self._tags_of(self.params["ResourceArn"])
        given = {each["Key"]: each for each in self.params["Tags"]}
        tags[:] = [*(each for each in tags if each["Key"] not in given), *given.values()]
        return ActionResult({"Tags": tags})

    def list_tags(self) -> ActionResult:
        """ListTags: all on one page, since nothing has more than fifty."""
        return ActionResult({"Tags": self._tags_of(self.params["ResourceArn"])})

    def _tags_of(self, arn: str) -> list[dict[str, str]]:
        if _VERSION in arn:
            arn = arn.rpartition("/")[0].replace(_VERSION, ":model-package-group/")
        # moto answers with a defect of its own for what is not there.
        try:
            found: Any = self.sagemaker_backend._get_resource_from_arn(arn)
        except (AttributeError, KeyError, ValueError):
            found = None
        if found is None:
            raise ValidationError(f"Could not find a resource with the ARN {arn}.")
        tags: list[dict[str, str]] = found.tags
        return tags
