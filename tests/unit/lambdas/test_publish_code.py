from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lambdas.publish_code import handler as function
from lambdas.publish_code.publish import pack, publish, read_package
from steps.code_manifest import CodeManifest
from steps.ports import ArtifactStore

FILES = {
    "steps/preprocess.py": "",
    "training/text_classifier.py": "",
    "training/evaluate_model.py": "",
    "recipes/reviews/recipe.yaml": "name: reviews\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A deployment package."""
    for path, content in {**FILES, "lambdas/secret.py": "", "steps/__pycache__/preprocess.pyc": ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


def event(request_type: str = "Create", **changes: Any) -> function.CustomResourceEvent:
    return function.CustomResourceEvent.model_validate(
        {
            "RequestType": request_type,
            "ResponseURL": "https://answers.example.com/",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "ContainerCode",
            "ResourceProperties": {"Bucket": "bucket", "FunctionVersion": "arn:1"},
            **changes,
        }
    )


def test_only_what_runs_in_containers_is_published(root: Path) -> None:
    assert sorted(read_package(root)) == sorted(FILES)


def test_the_code_lies_under_its_digest_as_a_tree_and_as_one_archive(
    root: Path, artifacts: ArtifactStore, objects: dict[str, bytes]
) -> None:
    code_uri = publish(read_package(root), "bucket", artifacts)
    manifest = CodeManifest.model_validate_json(objects[f"{code_uri}/manifest.json"])
    assert code_uri == f"s3://bucket/code/{manifest.digest}"
    assert objects[f"{code_uri}/source/recipes/reviews/recipe.yaml"] == b"name: reviews\n"
    with tarfile.open(fileobj=io.BytesIO(objects[f"{code_uri}/source.tar.gz"])) as archive:
        assert sorted(archive.getnames()) == sorted(FILES)


def test_publishing_again_writes_nothing(root: Path, artifacts: ArtifactStore, objects: dict[str, bytes]) -> None:
    publish(read_package(root), "bucket", artifacts)
    before = list(objects)
    publish(read_package(root), "bucket", artifacts)
    assert list(objects) == before


def test_publishing_after_a_break_completes_the_folder(
    root: Path, artifacts: ArtifactStore, objects: dict[str, bytes]
) -> None:
    code_uri = publish(read_package(root), "bucket", artifacts)
    del objects[f"{code_uri}/manifest.json"]
    del objects[f"{code_uri}/source.tar.gz"]
    publish(read_package(root), "bucket", artifacts)
    assert f"{code_uri}/source.tar.gz" in objects


def test_the_archive_depends_on_nothing_but_the_files() -> None:
    files = {"b": b"2", "a": b"1"}
    assert pack(files) == pack(dict(reversed(files.items())))


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, artifacts: ArtifactStore) -> None:
    monkeypatch.setattr(function, "artifact_store", lambda: artifacts)


@pytest.mark.usefixtures("published")
def test_cloudformation_is_told_the_address_and_the_digest(root: Path) -> None:
    answer = function.answer(event(), root)
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["CodeUri"] == f"s3://bucket/code/{answer['PhysicalResourceId']}"


@pytest.mark.usefixtures("published")
def test_a_change_gives_a_new_physical_id_and_the_same_code_the_old_one(root: Path) -> None:
    first = function.answer(event(), root)["PhysicalResourceId"]
    same = function.answer(event("Update", PhysicalResourceId=first), root)["PhysicalResourceId"]
    (root / "steps/preprocess.py").write_text("CHANGED = True\n")
    other = function.answer(event("Update", PhysicalResourceId=first), root)["PhysicalResourceId"]
    assert same == first
    assert other != first


@pytest.mark.usefixtures("published")
def test_deleting_leaves_what_runs_refer_to(root: Path, objects: dict[str, bytes]) -> None:
    first = function.answer(event(), root)["PhysicalResourceId"]
    before = dict(objects)
    deleted = function.answer(event("Delete", PhysicalResourceId=first), root)
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", first)
    assert objects == before


@pytest.mark.usefixtures("published")
def test_a_failure_is_an_answer_with_its_reason(root: Path) -> None:
    (root / "steps/preprocess.py").unlink()
    answer = function.answer(event(), root)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "ValueError: the container code lacks steps.preprocess, the entry of preprocess"
    assert len(json.dumps(answer)) < 4096
