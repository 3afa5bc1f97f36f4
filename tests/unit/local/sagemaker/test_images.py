from __future__ import annotations

import pytest

from local.sagemaker.images import UnsupportedImageError, repository, require


@pytest.mark.parametrize(
    "uri",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.19.0-cpu-py312",
        "registry:5000/team/tensorflow-training",
        "tensorflow-training@sha256:0123",
    ],
)
def test_the_repository_is_the_last_part_of_an_image_uri(uri: str) -> None:
    assert repository(uri) == "tensorflow-training"


def test_an_image_of_another_repository_is_refused_with_what_would_be_accepted() -> None:
    with pytest.raises(UnsupportedImageError, match=r"'xgboost:3'.* tensorflow-training or tensorflow-inference"):
        require("xgboost:3", ("tensorflow-training", "tensorflow-inference"))
