from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.sagemaker import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/hosting"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu"

Deploy = Callable[..., str]
Ready = Callable[[str], dict[str, Any]]


def saved_model(folder: Path, factor: float) -> bytes:
    """model.tar.gz of a model that gives [length · factor, first byte] for a text."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load; only these tests need it

    class Lengths(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])  # type: ignore[untyped-decorator]
        def serve(self, text: Any) -> Any:
            length = tf.cast(tf.strings.length(text), tf.float32) * factor
            return {"score": tf.stack([length, tf.zeros_like(length)], axis=1)}

    module = Lengths()
    tf.saved_model.save(module, str(folder / "1"), signatures={"serving_default": module.serve})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder / "1", "1")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, bucket: Any) -> dict[str, str]:
    return {
        "one": bucket.put("served/one.tar.gz", saved_model(tmp_path_factory.mktemp("one"), 1.0)),
        "ten": bucket.put("served/ten.tar.gz", saved_model(tmp_path_factory.mktemp("ten"), 10.0)),
        "empty": bucket.put("served/empty.tar.gz", b"no archive"),
        "missing": "s3://artifacts/served/missing.tar.gz",
    }


@pytest.fixture
def config(sagemaker: SageMakerClient, models: dict[str, str]) -> Deploy:
    """Create a model and an endpoint config of the same name."""

    def create(name: str, model: str, image: str = IMAGE) -> str:
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": image, "ModelDataUrl": models[model], "Environment": {"GIVEN": "1"}},
        )
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": name,
                    "InstanceType": "ml.t2.medium",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        return name

    return create


@pytest.fixture
def settled(sagemaker: SageMakerClient, eventually: Callable[..., Any]) -> Ready:
    """Wait until nothing is in progress; returns the endpoint's description."""

    def wait(name: str) -> Any:
        return eventually(
            lambda: sagemaker.describe_endpoint(EndpointName=name),
            lambda endpoint: endpoint["EndpointStatus"] in {"InService", "Failed"},
        )

    return wait


@pytest.fixture(scope="module")
def invoke(client: Callable[[str], Any]) -> Callable[..., Any]:
    runtime = client("sagemaker-runtime")

    def invoke(endpoint: str, body: Any, content_type: str = "application/json", **parameters: Any) -> Any:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            Body=body if isinstance(body, str | bytes) else json.dumps(body),
            ContentType=content_type,
            **parameters,
        )
        return {**answer, "Body": json.loads(answer["Body"].read())}

    return invoke


def test_an_endpoint_serves_changes_without_a_gap_survives_a_bad_update_and_goes(
    sagemaker: SageMakerClient,
    config: Deploy,
    settled: Ready,
    invoke: Callable[..., Any],
    eventually: Callable[..., Any],
) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/words"
    created = sagemaker.create_endpoint(EndpointName="words", EndpointConfigName=config("words-one", "one"))
    assert created["EndpointArn"] == arn
    assert sagemaker.describe_endpoint(EndpointName="words")["EndpointStatus"] == "Creating"
    with pytest.raises(ClientError, match=f'Cannot update in-progress endpoint "{arn}".'):
        sagemaker.update_endpoint(EndpointName="words", EndpointConfigName="words-one")
    with pytest.raises(ClientError, match="Endpoint words of account 123456789012 not found"):
        invoke("words", {"instances": ["x"]})

    endpoint = settled("words")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "words-one"), endpoint
    assert endpoint["ProductionVariants"][0]["VariantName"] == "AllTraffic"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    answer = invoke("words", {"instances": ["four", "seven!!"]})
    assert answer["Body"] == {"predictions": [[4.0, 0.0], [7.0, 0.0]]}
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ContentType"] == "application/json"
    with pytest.raises(ClientError, match=f'Cannot create already existing endpoint "{arn}".'):
        sagemaker.create_endpoint(EndpointName="words", EndpointConfigName="words-one")

    answers, over = [], threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            answers.append(invoke("words", {"instances": ["ab"]})["Body"]["predictions"][0][0])

    asking = threading.Thread(target=keep_asking)
    asking.start()
    sagemaker.update_endpoint(EndpointName="words", EndpointConfigName=config("words-ten", "ten"))
    updating = sagemaker.describe_endpoint(EndpointName="words")
    assert (updating["EndpointStatus"], updating["EndpointConfigName"]) == ("Updating", "words-one")
    assert updating["PendingDeploymentSummary"]["EndpointConfigName"] == "words-ten"
    updated = settled("words")
    over.set()
    asking.join()
    assert (updated["EndpointStatus"], updated["EndpointConfigName"]) == ("InService", "words-ten")
    assert invoke("words", {"instances": ["ab"]})["Body"] == {"predictions": [[20.0, 0.0]]}
    assert set(answers) <= {2.0, 20.0}
    assert answers == sorted(answers)

    sagemaker.update_endpoint(EndpointName="words", EndpointConfigName=config("words-empty", "empty"))
    kept = settled("words")
    assert (kept["EndpointStatus"], kept["EndpointConfigName"]) == ("InService", "words-ten")
    assert "variant AllTraffic could not be brought up: The archive cannot be unpacked" in kept["FailureReason"]
    assert invoke("words", {"instances": ["ab"]})["Body"] == {"predictions": [[20.0, 0.0]]}

    sagemaker.delete_endpoint(EndpointName="words")

    def missing() -> bool:
        try:
            return not sagemaker.describe_endpoint(EndpointName="words")
        except ClientError as error:
            return f'Could not find endpoint "{arn}".' in str(error)

    eventually(missing, lambda gone: gone)


def test_an_endpoint_comes_back_after_a_restart_and_answers_as_the_image_does(
    sagemaker: SageMakerClient, subsystem: SageMaker, config: Deploy, settled: Ready, invoke: Callable[..., Any]
) -> None:
    name = config("back", "one")
    sagemaker.create_endpoint(EndpointName="back", EndpointConfigName=name)
    settled("back")
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)
    subsystem.stop()
    with pytest.raises(ClientError, match="not found"):
        invoke("back", {"instances": ["ab"]})
    subsystem.start()
    assert sagemaker.describe_endpoint(EndpointName="back")["EndpointStatus"] == "SystemUpdating"
    # A request that comes before the model is loaded waits for it.
    assert invoke("back", '"abc"')["Body"] == {"predictions": [[3.0, 0.0]]}
    assert settled("back")["EndpointStatus"] == "InService"
    assert invoke("back", "abc\nde", "text/csv")["Body"] == {"predictions": [[3.0, 0.0], [2.0, 0.0]]}
    assert invoke("back", {"inputs": ["abc"]})["Body"] == {"outputs": [[3.0, 0.0]]}
    assert invoke("back", {"instances": [{"text": "abc"}, {"text": ""}]})["Body"] == {
        "predictions": [[3.0, 0.0], [0.0, 0.0]]
    }
    assert invoke("back", {"instances": ["ä"]}, TargetVariant="AllTraffic")["Body"] == {"predictions": [[2.0, 0.0]]}
    for body, content_type, status, message in [
        ("{", "application/json", 400, "JSON Parse error"),
        ("{}", "image/png", 415, "Unsupported Media Type: image/png"),
        ({"instances": [1]}, "application/json", 400, "are no string tensor"),
        ({"instances": []}, "application/json", 400, "no instances"),
        ({"instances": [{"words": "a"}]}, "application/json", 400, r"has the inputs \['words'\], not \['text'\]"),
    ]:
        with pytest.raises(ClientError, match=message) as refusal:
            invoke("back", body, content_type)
        response: Any = refusal.value.response
        assert response["Error"]["Code"] == "ModelError"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
        assert response["OriginalStatusCode"] == status
        assert "error" in json.loads(response["OriginalMessage"])
    with pytest.raises(ClientError, match="exceeded 6291456 bytes"):
        invoke("back", b"x" * 6_291_457)
    with pytest.raises(ClientError, match="no production variant Other"):
        invoke("back", {"instances": ["a"]}, TargetVariant="Other")


@pytest.mark.parametrize(
    ("model_and_image", "reason"),
    [
        (("missing", IMAGE), "Data download of s3://artifacts/served/missing.tar.gz failed: NoSuchKey"),
        (("one", "683313688378.dkr.ecr.us-east-1.amazonaws.com/xgboost:3"), "cannot run the image"),
    ],
)
def test_an_endpoint_that_cannot_be_served_fails_with_the_reason(
    sagemaker: SageMakerClient, config: Deploy, settled: Ready, model_and_image: tuple[str, str], reason: str
) -> None:
    name = f"bad-{model_and_image[0]}"
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(name, *model_and_image))

    endpoint = settled(name)

    assert endpoint["EndpointStatus"] == "Failed"
    assert reason in endpoint["FailureReason"]
    with pytest.raises(ClientError, match="in status Failed; delete it"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.delete_endpoint(EndpointName=name)


def test_an_archive_without_a_saved_model_under_a_number_fails_the_endpoint(
    sagemaker: SageMakerClient, bucket: Any, models: dict[str, str], config: Deploy, settled: Ready
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model.keras"))
    models["keras"] = bucket.put("served/keras.tar.gz", buffer.getvalue())
    sagemaker.create_endpoint(EndpointName="keras", EndpointConfigName=config("keras", "keras"))

    endpoint = settled("keras")

    assert endpoint["EndpointStatus"] == "Failed"
    assert "no SavedModel bundles found!" in endpoint["FailureReason"]
    assert "['model.keras']" in endpoint["FailureReason"]


def test_what_is_missing_is_named_as_on_aws(sagemaker: SageMakerClient) -> None:
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: sagemaker.describe_model(ModelName="none"), 'Could not find model ".*:model/none".'),
        (
            lambda: sagemaker.describe_endpoint_config(EndpointConfigName="none"),
            'Could not find endpoint configuration ".*:endpoint-config/none".',
        ),
        (
            lambda: sagemaker.create_endpoint(EndpointName="none", EndpointConfigName="none"),
            'Could not find endpoint configuration ".*:endpoint-config/none".',
        ),
        (lambda: sagemaker.delete_endpoint(EndpointName="none"), 'Could not find endpoint ".*:endpoint/none".'),
    ]
    for call, message in calls:
        with pytest.raises(ClientError, match=message) as refusal:
            call()
        assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_names_of_models_and_configs_are_used_once(sagemaker: SageMakerClient, config: Deploy) -> None:
    config("twice", "one")
    with pytest.raises(ClientError, match=r'Cannot create already existing model ".*:model/twice"'):
        config("twice", "one")
    assert [model["ModelName"] for model in sagemaker.list_models(NameContains="twice")["Models"]] == ["twice"]
    described = sagemaker.describe_endpoint_config(EndpointConfigName="twice")
    assert described["ProductionVariants"][0]["ModelName"] == "twice"
