"""Which container an image URI stands for on a laptop; no image is pulled, its repository name decides."""

from __future__ import annotations

TRAINING = "tensorflow-training"
INFERENCE = "tensorflow-inference"
SCIKIT_LEARN = "sagemaker-scikit-learn"
XGBOOST = "sagemaker-xgboost"

# What the laptop can do with them.
TRAINS = (TRAINING, SCIKIT_LEARN)
PROCESSES = (TRAINING, INFERENCE, SCIKIT_LEARN, XGBOOST)
SERVES = (INFERENCE, SCIKIT_LEARN, XGBOOST)


class UnsupportedImageError(ValueError):
    """The laptop has no counterpart of this image."""


def repository(image_uri: str) -> str:
    """`tensorflow-training` of `<account>.dkr.ecr.<region>.amazonaws.com/tensorflow-training:2.19.0-cpu-py312`."""
    return image_uri.split("@", maxsplit=1)[0].rpartition("/")[2].partition(":")[0]


def require(image_uri: str, accepted: tuple[str, ...]) -> None:
    """Raises UnsupportedImageError unless the image's repository is one of the accepted."""
    if repository(image_uri) not in accepted:
        raise UnsupportedImageError(
            f"The laptop cannot run the image '{image_uri}' here; it runs images whose repository is named "
            f"{' or '.join(accepted)}, with the libraries installed beside Greenlight."
        )
