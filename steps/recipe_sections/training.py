"""How a recipe's model comes to be: trained, searched for among several trainings, or brought along."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field, field_validator, model_validator

from steps import instance_types
from steps.recipe_sections.base import (
    HYPERPARAMETER_CHARACTERS,
    HYPERPARAMETER_NAME_CHARACTERS,
    HYPERPARAMETERS_CHARACTERS,
    INSTANCE_TYPE_PATTERN,
    PACKAGE_PATTERN,
    S3_URI_PATTERN,
    SHA256_PATTERN,
    ImageName,
    Section,
    check_default_image,
    checked_instance,
)

Hyperparameter = str | int | float | bool
# What SageMaker takes of a value that is one of several to try.
RANGE_VALUE_CHARACTERS = 256
# Hyperparameters that are the training toolkit's and ours, never the recipe's.
RESERVED_PREFIXES = ("sagemaker_", "class_names", "_tuning_")
# SageMaker ends a search after 30 days.
MAX_SEARCH_SECONDS = 30 * 24 * 3600
# SageMaker takes 100; a training has some of ours too.
MAX_HYPERPARAMETERS = 90
# Images that a recipe names by a word; any other image is named by its full URI.
TRAINING_IMAGES = ("tensorflow-training", "sagemaker-scikit-learn")


class PretrainedSection(Section):
    """Weights that training starts from: a channel of the training job, found in the bucket by their digest."""

    package: str | None = Field(
        default=None,
        description="A Python package that holds them, with its exact version; taken by hash, never imported.",
        pattern=PACKAGE_PATTERN,
    )
    sha256: str = Field(
        description="SHA-256 of the package file, or of a folder as `greenlight run --weights FOLDER` tells it.",
        pattern=SHA256_PATTERN,
    )
    folder: str = Field(default="", description="Folder inside the package that holds the files.")


class TrainingSection(Section):
    """The training job."""

    script: str = Field(default="training/text_classifier.py", max_length=200, description="Path inside the project.")
    image: ImageName = Field(
        default="tensorflow-training",
        description="`tensorflow-training`, `sagemaker-scikit-learn` (for tables) or a full image URI.",
    )
    instance_type: str = Field(
        default="ml.m5.xlarge", pattern=INSTANCE_TYPE_PATTERN, description="Machine of the training job."
    )
    volume_gb: int = Field(default=30, ge=1, le=16384, description="Its disk.")
    max_runtime_seconds: int = Field(default=3600, ge=1, le=432_000, description="A longer job is stopped.")
    seed: int = Field(default=7, ge=0, description="The same seed and rows give the same model.")
    hyperparameters: dict[str, Hyperparameter] = Field(
        default={},
        max_length=80,
        description="Handed to the script; those of text_classifier.py are in training/hyperparameters.py.",
    )
    pretrained: PretrainedSection | None = Field(default=None, description="Weights to start from.")

    @field_validator("instance_type")
    @classmethod
    def _instance_trains(cls, value: str) -> str:
        return checked_instance(value, instance_types.TRAINING, "train")

    @model_validator(mode="after")
    def _image_fits_instance(self) -> TrainingSection:
        if self.image in TRAINING_IMAGES:
            check_default_image(self.instance_type, "training.image")
        return self

    @field_validator("hyperparameters")
    @classmethod
    def _hyperparameters_fit(cls, value: dict[str, Hyperparameter]) -> dict[str, Hyperparameter]:
        lengths = _lengths(value)
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

    @property
    def characters(self) -> int:
        """What the hyperparameters take of the characters that they may have."""
        lengths = _lengths(self.hyperparameters)
        return sum(lengths.values()) + sum(map(len, lengths))


def _lengths(hyperparameters: dict[str, Hyperparameter]) -> dict[str, int]:
    return {name: len(json.dumps(item)) for name, item in hyperparameters.items()}


class HyperparameterRange(Section):
    """What values of one hyperparameter a search tries: numbers between two limits, or one of some values."""

    minimum: float | None = Field(default=None, description="Smallest value; whole for a whole number.")
    maximum: float | None = Field(default=None, description="Largest value.")
    whole: bool = Field(default=False, description="Whether only whole numbers are tried.")
    scaling: Literal["Auto", "Linear", "Logarithmic"] = Field(
        default="Auto", description="How values between the limits are spread; Logarithmic for rates."
    )
    values: list[str | int | float] = Field(
        default=[], max_length=30, description="The values to choose from, instead of limits."
    )

    @field_validator("values")
    @classmethod
    def _values_fit(cls, value: list[str | int | float]) -> list[str | int | float]:
        if any(len(json.dumps(item)) > RANGE_VALUE_CHARACTERS for item in value):
            raise ValueError(f"SageMaker allows {RANGE_VALUE_CHARACTERS} characters for a value that is tried")
        if len(set(map(str, value))) < len(value):
            raise ValueError("a value stands there twice; name each once")
        return value

    @model_validator(mode="after")
    def _limits_or_values(self) -> HyperparameterRange:
        limits = (self.minimum, self.maximum)
        if self.values:
            if limits != (None, None):
                raise ValueError("give minimum and maximum, or values, not both")
            return self
        if self.minimum is None or self.maximum is None or self.minimum >= self.maximum:
            raise ValueError("give a minimum below a maximum, or a list of values")
        if self.scaling == "Logarithmic" and self.minimum <= 0:
            raise ValueError("Logarithmic scaling needs a minimum above 0")
        if self.whole and not (self.minimum.is_integer() and self.maximum.is_integer()):
            raise ValueError("whole is true, but minimum or maximum is no whole number")
        return self


class TuningSection(Section):
    """A search among trainings with different hyperparameters; the best one's model goes on."""

    objective: str = Field(
        default="validation_loss",
        pattern=r"^[a-z_]+$",
        max_length=100,
        description="Number by which trainings are compared; the script logs it as `objective <name>=<number>`.",
    )
    goal: Literal["Minimize", "Maximize"] = Field(default="Minimize", description="Whether less or more is better.")
    strategy: Literal["Random", "Bayesian"] = Field(
        default="Bayesian", description="How SageMaker chooses what to try; the laptop tries at random."
    )
    max_jobs: int = Field(default=6, ge=1, le=100, description="Trainings in all.")
    max_parallel_jobs: int = Field(default=2, ge=1, le=10, description="At the same time; the laptop runs one.")
    ranges: dict[str, HyperparameterRange] = Field(
        min_length=1, max_length=20, description="Hyperparameter -> what to try."
    )

    @field_validator("ranges")
    @classmethod
    def _names_are_free(cls, value: dict[str, HyperparameterRange]) -> dict[str, HyperparameterRange]:
        for name in value:
            if not name or len(name) > HYPERPARAMETER_NAME_CHARACTERS or name.startswith(RESERVED_PREFIXES):
                raise ValueError(
                    f"'{name[:40]}' cannot be searched for; name one of the script's hyperparameters, of at most "
                    f"{HYPERPARAMETER_NAME_CHARACTERS} characters"
                )
        return value

    @property
    def characters(self) -> int:
        """What the ranges take of the characters that all hyperparameters may have."""
        return sum(len(name) + len(each.model_dump_json()) for name, each in self.ranges.items())

    @model_validator(mode="after")
    def _some_trial_differs(self) -> TuningSection:
        if self.max_parallel_jobs > self.max_jobs:
            raise ValueError(
                f"max_parallel_jobs is {self.max_parallel_jobs}, but max_jobs is {self.max_jobs}; lower the first"
            )
        return self


class ImportSection(Section):
    """A model archive that exists already and is checked, measured and approved like any other, without training."""

    model_uri: str | None = Field(
        default=None,
        max_length=1024,
        pattern=S3_URI_PATTERN,
        description="The model.tar.gz in S3; without it each run names one (`greenlight run --model FILE`).",
    )
    max_bytes: int = Field(
        default=2_000_000_000, ge=1, description="Largest sum of the unpacked files, in bytes; more is refused."
    )
