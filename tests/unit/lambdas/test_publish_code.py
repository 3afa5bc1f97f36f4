from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdas.publish_code import handler as function
from lambdas.publish_code.publish import pack, publish, read_package
from steps.code_manifest import CodeManifest
from steps.ports import ArtifactStore

RECIPE = """\
name: reviews
description: Is a review positive?
task: binary
data:
  labels: {0: negative, 1: positive}
metrics:
  gates:
    - {name: accuracy, floor: 0.7}
approval:
  approvers: [ann@example.com]
smoke:
  cases:
    - {text: Wonderful., label: positive}
"""
FILES = {
    "steps/preprocess.py": "",
    "training/text_classifier.py": "",
    "training/evaluate_model.py": "",
    "training/import_model.py": "",
    "recipes/reviews/recipe.yaml": RECIPE,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A deployment package."""
    for path, content in {**FILES, "lambdas/secret.py": "", "steps/__pycache__/preprocess.pyc": ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


PROPERTIES = {
    "Bucket": "bucket",
    "StackName": "greenlight",
    "FunctionVersion": "arn:1",
    "Settings": "a=1 b=",
    "Libraries": "layer:1",
}


def event(request_type: str = "Create", **changes: Any) -> function.CustomResourceEvent:
    return function.CustomResourceEvent.model_validate(
        {
            "RequestType": request_type,
            "ResponseURL": "https://answers.example.com/",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "ContainerCode",
            "ResourceProperties": PROPERTIES,
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
    assert objects[f"{code_uri}/source/recipes/reviews/recipe.yaml"] == RECIPE.encode()
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
def test_cloudformation_is_told_the_address_and_the_name_of_the_deployment(
    root: Path, objects: dict[str, bytes]
) -> None:
    answer = function.answer(event(), root)
    assert answer["Status"] == "SUCCESS"
    assert f"{answer['Data']['CodeUri']}/manifest.json" in objects
    assert re.fullmatch(r"[0-9a-f]{16}", answer["Data"]["Deployment"])
    assert answer["PhysicalResourceId"].endswith(f"-{answer['Data']['Deployment']}")


def deployment_after(root: Path, first: dict[str, Any], **changes: Any) -> str:
    """The deployment's name after an update of what was created first."""
    asked = {"RequestId": "another", "PhysicalResourceId": first["PhysicalResourceId"], **changes}
    name: str = function.answer(event("Update", **asked), root)["Data"]["Deployment"]
    return name


@pytest.mark.usefixtures("published")
def test_the_deployment_keeps_its_name_while_nothing_that_decides_has_changed(root: Path) -> None:
    first = function.answer(event(), root)
    (root / "steps/__pycache__/preprocess.pyc").write_text("compiled anew")
    (root / "notes.txt").write_text("no part of the package")
    properties = {**PROPERTIES, "FunctionVersion": "arn:2"}
    assert deployment_after(root, first, ResourceProperties=properties) == first["Data"]["Deployment"]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "path", ["steps/preprocess.py", "lambdas/secret.py", "infra/sam/workflow.yaml", "workflows/a.json", "template.yaml"]
)
def test_another_file_of_the_package_gives_the_deployment_another_name(root: Path, path: str) -> None:
    first = function.answer(event(), root)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("CHANGED = True\n")
    assert deployment_after(root, first)[:10] != first["Data"]["Deployment"][:10]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("changed", [{"Settings": "a= b=1"}, {"Libraries": "layer:2"}], ids=str)
def test_another_setting_or_other_libraries_give_the_deployment_another_name(
    root: Path, changed: dict[str, str]
) -> None:
    first = function.answer(event(), root)
    properties = {**PROPERTIES, **changed}
    assert deployment_after(root, first, ResourceProperties=properties)[:10] != first["Data"]["Deployment"][:10]


@pytest.mark.usefixtures("published")
def test_a_name_that_was_rolled_back_is_not_used_again(root: Path) -> None:
    first = function.answer(event(), root)
    changed = {**PROPERTIES, "Settings": "a=2 b="}
    tried = function.answer(
        event("Update", PhysicalResourceId=first["PhysicalResourceId"], ResourceProperties=changed), root
    )
    rolled_back = function.answer(
        event("Update", RequestId="back", PhysicalResourceId=tried["PhysicalResourceId"]), root
    )
    again = deployment_after(root, rolled_back, ResourceProperties=changed)
    assert again[:10] != tried["Data"]["Deployment"][:10]


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


class TestRefusals:
    """A deployment whose runs would fail is refused before anything of it is published."""

    @pytest.fixture
    def refusal(self, published: None, root: Path, objects: dict[str, bytes]) -> Callable[..., str]:  # noqa: ARG002
        """The reason of an answer to a deployment of the changed package."""

        def refuse(stack: str = "greenlight") -> str:
            answer = function.answer(event(ResourceProperties={"Bucket": "bucket", "StackName": stack}), root)
            assert answer["Status"] == "FAILED"
            assert objects == {}
            assert len(json.dumps(answer).encode()) <= 4096
            return str(answer["Reason"])

        return refuse

    def test_every_wrong_recipe_is_told_in_its_own_words(self, root: Path, refusal: Callable[..., str]) -> None:
        (root / "recipes/reviews/recipe.yaml").write_text(RECIPE + "training: {instance_type: ml.t2.medium}\n")
        (root / "recipes/topics").mkdir()
        (root / "recipes/topics/recipe.yaml").write_text(RECIPE.replace("floor: 0.7", "flor: 0.7"))
        reason = refusal()
        assert "recipes/reviews/recipe.yaml is not a valid recipe:" in reason
        assert "training.instance_type: ml.t2.medium cannot train on SageMaker; choose one that can, near it " in reason
        assert "recipes/topics/recipe.yaml is not a valid recipe:\n  metrics.gates[0].floor: missing; add it" in reason

    def test_a_recipe_in_the_folder_of_another_is_refused(self, root: Path, refusal: Callable[..., str]) -> None:
        (root / "recipes/topics").mkdir()
        (root / "recipes/topics/recipe.yaml").write_text(RECIPE)
        assert refusal() == (
            "recipes/topics/recipe.yaml: name is 'reviews', but its folder is another; make them the same"
        )

    def test_a_script_that_is_not_deployed_is_refused(self, root: Path, refusal: Callable[..., str]) -> None:
        (root / "recipes/reviews/recipe.yaml").write_text(RECIPE + "training: {script: training/mine.py}\n")
        assert "training.script is 'training/mine.py', but the scripts are training/evaluate_model.py, " in refusal()

    def test_a_recipe_that_is_no_text_is_refused(self, root: Path, refusal: Callable[..., str]) -> None:
        (root / "recipes/reviews/recipe.yaml").write_bytes(b"name: \xff\n")
        assert refusal() == "recipes/reviews/recipe.yaml is not UTF-8 text at byte 6; save it as UTF-8"

    @pytest.mark.parametrize("stack", ["Greenlight", "green--light", "greenlight-", "a" * 33])
    def test_a_stack_name_that_cannot_work_is_refused_with_what_to_do(
        self, refusal: Callable[..., str], stack: str
    ) -> None:
        reason = refusal(stack)
        assert reason.startswith(f"the stack cannot be named '{stack}': endpoints, models and the rights to them begin")
        assert "deploy under a name of at most 32 small letters, digits and single hyphens" in reason

    def test_a_long_reason_is_cut_to_what_cloudformation_takes(self, root: Path, refusal: Callable[..., str]) -> None:
        for number in range(60):
            (root / f"recipes/r{number}").mkdir()
            (root / f"recipes/r{number}/recipe.yaml").write_text("ä: ö\n")
        reason = refusal()
        assert reason.startswith("recipes/r0/recipe.yaml is not a valid recipe:")
        assert reason.endswith("…")
        assert len(reason) > 2000

    def test_deleting_is_never_refused(self, root: Path) -> None:
        (root / "recipes/reviews/recipe.yaml").write_text("")
        properties = {"Bucket": "bucket", "StackName": "Greenlight"}
        assert function.answer(event("Delete", ResourceProperties=properties), root)["Status"] == "SUCCESS"
