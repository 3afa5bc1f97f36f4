from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from greenlight.errors import FaultError, WrongUseError
from greenlight.serving import (
    Released,
    fargate_parameters,
    fetch_archive,
    find_released,
    require_archive,
    server_command,
)
from steps.contracts import LiveVersion
from steps.model_card import ModelCard, ModelInput

ARCHIVE = b"an archive"
CARD_URI = "s3://artifacts/runs/run-2/record_release/model_card.json"


def card(version: str = "2") -> ModelCard:
    return ModelCard(
        recipe="review-snippets",
        description="Is a review positive?",
        task="binary",
        class_names=["no", "yes"],
        input=ModelInput(text_column="text", features=None, max_text_characters=100),
        model_version=version,
        model_package_arn=f"arn:aws:sagemaker:us-east-1:123456789012:model-package/g/{version}",
        model_data_uri=f"s3://artifacts/{version}/model.tar.gz",
        model_digest=hashlib.sha256(ARCHIVE).hexdigest(),
        run_id=f"run-{version}",
        released_at=datetime(2026, 3, 2, tzinfo=UTC),
        metrics={"accuracy": 0.7},
        test_rows=1,
        training_rows=1,
        data_digest="d",
        recipe_digest="r",
        code_digest="c",
        approval="Approved.",
    )


def live(card_uri: str | None = CARD_URI) -> LiveVersion:
    facts = card().model_dump(include=set(LiveVersion.model_fields))
    return LiveVersion.model_validate(
        facts | {"endpoint_name": "e", "endpoint_config_name": "c", "previous": None, "card_uri": card_uri}
    )


class FakeS3:
    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.downloads = 0

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._object(Bucket, Key))}

    def download_file(self, bucket: str, key: str, file: str) -> None:
        self.downloads += 1
        Path(file).write_bytes(self._object(bucket, key))

    def _object(self, bucket: str, key: str) -> bytes:
        try:
            return self.objects[f"s3://{bucket}/{key}"]
        except KeyError:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject") from None


class FakeDynamoDB:
    def __init__(self, record: LiveVersion | None) -> None:
        self.record = record

    def get_item(self, **_arguments: Any) -> dict[str, Any]:
        return {"Item": {"document": {"S": self.record.model_dump_json()}}} if self.record else {}


class FakeSageMaker:
    """Versions 1, released, and 3, which nobody has approved."""

    def __init__(self, *versions: int) -> None:
        self.versions = versions

    def get_paginator(self, _name: str) -> FakeSageMaker:
        return self

    def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
        return [{"ModelPackageSummaryList": [{"ModelPackageArn": f"arn/{number}"} for number in self.versions]}]

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        number = int(ModelPackageName.rpartition("/")[2])
        return {
            "ModelPackageVersion": number,
            "ModelApprovalStatus": "Approved" if number < 3 else "PendingManualApproval",
            "CreationTime": datetime(2026, 3, number, tzinfo=UTC),
            "CustomerMetadataProperties": {"run_id": f"run-{number}"},
        }


class FakeTarget:
    stack_name = "greenlight"

    def __init__(self, record: LiveVersion | None, *versions: int) -> None:
        self.dynamodb, self.sagemaker = FakeDynamoDB(record), FakeSageMaker(*versions)
        cards = {f"s3://artifacts/runs/run-{each}/record_release/model_card.json": card(str(each)) for each in (1, 2)}
        self.s3 = FakeS3({uri: each.model_dump_json().encode() for uri, each in cards.items()})

    def output(self, name: str) -> str:
        return {"ArtifactBucket": "artifacts", "ReleaseTable": "table"}[name]


def find(target: Any, recipe: str = "review-snippets", version: str | None = None) -> Released:
    return find_released(target, recipe, version)


def test_the_live_version_is_served_unless_another_is_named() -> None:
    assert find(FakeTarget(live(), 3, 2, 1)).card.model_version == "2"
    assert find(FakeTarget(live(), 3, 2, 1), version="2").uri == CARD_URI
    assert find(FakeTarget(live(), 3, 2, 1), version="1").card.model_version == "1"


@pytest.mark.parametrize(
    ("record", "versions", "recipe", "version", "message"),
    [
        (
            None,
            (),
            "reviw-snippets",
            None,
            "nothing of reviw-snippets is live, nor is there such a recipe; there are",
        ),
        (None, (), "review-snippets", None, "release it first: `greenlight run review-snippets`"),
        (None, (), "review-snippets", "4", "no version 4 of review-snippets; nothing of review-snippets is live"),
        (live(), (3, 2, 1), "review-snippets", "4", "there is no version 4 of review-snippets; there are: 3, 2, 1"),
        (live(), (3, 2, 1), "review-snippets", "3", r"version 3 .* was never released \(PendingManualApproval\)"),
        (live(None), (2,), "review-snippets", None, "before there were model cards; release it again"),
    ],
)
def test_what_cannot_be_served_is_said_with_what_to_do(
    record: LiveVersion | None, versions: tuple[int, ...], recipe: str, version: str | None, message: str
) -> None:
    with pytest.raises(WrongUseError, match=message):
        find(FakeTarget(record, *versions), recipe, version)


def test_an_archive_is_fetched_once_and_again_when_the_kept_one_is_broken(tmp_path: Path) -> None:
    s3: Any = FakeS3({"s3://artifacts/2/model.tar.gz": ARCHIVE})
    kept = fetch_archive(s3, card(), tmp_path / "cache")
    assert kept.read_bytes() == ARCHIVE
    assert fetch_archive(s3, card(), tmp_path / "cache") == kept
    assert s3.downloads == 1
    kept.write_bytes(b"broken")
    assert fetch_archive(s3, card(), tmp_path / "cache").read_bytes() == ARCHIVE
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [kept.name]


def test_an_archive_that_is_gone_or_another_is_not_kept(tmp_path: Path) -> None:
    gone: Any = FakeS3({})
    with pytest.raises(WrongUseError, match="the archive of version 2 of review-snippets is gone"):
        fetch_archive(gone, card(), tmp_path)
    other: Any = FakeS3({"s3://artifacts/2/model.tar.gz": b"another"})
    with pytest.raises(FaultError, match="is not what was released: its SHA-256 is"):
        fetch_archive(other, card(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_of_ones_own_must_be_the_versions(tmp_path: Path) -> None:
    file = tmp_path / "model.tar.gz"
    with pytest.raises(WrongUseError, match=r"there is no file .*model\.tar\.gz"):
        require_archive(file, card())
    file.write_bytes(ARCHIVE)
    require_archive(file, card())
    file.write_bytes(b"another")
    with pytest.raises(WrongUseError, match="is not version 2 of review-snippets"):
        require_archive(file, card())


def test_fargate_is_told_which_version(tmp_path: Path) -> None:
    assert fargate_parameters(Released(CARD_URI, b"", card())) == [
        "ServeRecipe=review-snippets",
        f"ServeCardUri={CARD_URI}",
        "ServeModelUri=s3://artifacts/2/model.tar.gz",
    ]
    command = server_command(tmp_path / "c", tmp_path / "m", host="127.0.0.1", port=1, options=["--open"])
    assert command[1:3] == ["-m", "serving"]
    assert command[-3:] == ["--port", "1", "--open"]
