from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from local.template_syntax import parse_template
from serving.model import load_model
from training.hyperparameters import Hyperparameters
from training.text_features import TextFeatures, build_vocabulary

PROJECT = Path(__file__).parents[2]
TEMPLATES = [PROJECT / "template.yaml", *sorted((PROJECT / "infra/sam").glob("*.yaml"))]


def test_bug_model_tokenizer_and_parameters_were_three_unversioned_files_two_of_them_pickles(tweets: Any) -> None:
    names = tweets.members()
    assert "./1/saved_model.pb" in names, "everything is in one archive, of which the registry keeps each version"
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib", ".npy"))]
    # A pickle by any name: its first bytes say so.
    beginnings = {name: (tweets.model / name).read_bytes()[:2] for name in names}
    assert not [name for name, two in beginnings.items() if two in {b"\x80\x03", b"\x80\x04", b"\x80\x05"}]


def test_bug_the_cleaning_when_serving_was_a_copy_of_that_in_training(tweets: Any) -> None:
    texts = ["WILDFIRE!! near <br /> our&amp;town https://t.co/x @someone", "a   lovely  picnic&#39;s day", ""]
    served = tf.saved_model.load(str(tweets.model / "1"))
    # The served artifact holds the very operations of training, not a copy of them: they give the same ids.
    trained_on = [row["text"] for row in tweets.rows_of("train")]
    defaults = Hyperparameters()
    vocabulary = build_vocabulary(
        trained_on,
        stem_characters=defaults.stem_characters,
        min_texts=defaults.min_texts,
        max_features=defaults.max_features,
    )
    in_training = TextFeatures(vocabulary, defaults.stem_characters)(tf.constant(texts))
    np.testing.assert_array_equal(served.features(tf.constant(texts)).numpy(), in_training.numpy())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_bug_a_security_group_was_open_to_the_world(template: Path) -> None:
    text = template.read_text()
    for name, resource in parse_template(text)["Resources"].items():
        for rule in resource.get("Properties", {}).get("SecurityGroupIngress", []):
            assert rule.get("CidrIp") != "0.0.0.0/0", name
            assert rule.get("CidrIpv6") != "::/0", name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_bug_debug_mode_was_on(template: Path) -> None:
    document = json.dumps(parse_template(template.read_text()), default=str)
    assert "POWERTOOLS_DEV" not in document
    assert '"DEBUG"' not in document


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type"),
    [
        ("POST", "/models/nobody/predictions", '{"instances": ["a"]}', "application/json"),
        ("POST", "/models/reviews/predictions", "{", "application/json"),
        ("POST", "/models/reviews/predictions", "{}", "application/json"),
        ("POST", "/models/reviews/predictions", '{"instances": [7]}', "application/json"),
        ("POST", "/models/reviews/predictions", "a,b", "text/csv"),
        ("GET", "/models/nobody", None, "application/json"),
    ],
)
def test_bug_errors_were_answered_with_status_200(
    prediction_api: Callable[..., dict[str, Any]], *, method: str, path: str, body: str | None, content_type: str
) -> None:
    answer = prediction_api(method, path, body, headers={"content-type": content_type})
    assert 400 <= answer["statusCode"] < 500
    assert json.loads(answer["body"])["status"] == answer["statusCode"]


def test_a_good_request_is_answered_with_status_200(prediction_api: Callable[..., dict[str, Any]]) -> None:
    headers = {"content-type": "application/json"}
    answer = prediction_api("POST", "/models/reviews/predictions", '{"instances": ["Fine."]}', headers=headers)
    assert answer["statusCode"] == 200


def test_a_text_that_was_never_trained_on_is_answered_rightly(tweets: Any) -> None:
    model = load_model(tweets.model)
    [disaster, none] = model.predict(["earthquake and flood near our town", "a lovely sunny picnic"])
    assert disaster.values[1] > 0.5 > none.values[1]
