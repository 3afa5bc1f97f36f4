from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from greenlight.errors import WrongUseError
from greenlight.packaging import Packager, zip_folders

CHILD = """
Globals: {Function: {CodeUri: ../../, Runtime: python3.12}}
Resources:
  Small:
    Type: AWS::Serverless::Function
    Metadata: {Package: [lambdas, steps]}
    Properties: {Handler: a.b}
  Twin:
    Type: AWS::Serverless::Function
    Metadata: {Package: [lambdas, steps]}
    Properties: {Handler: c.d}
  Large:
    Type: AWS::Serverless::Function
    Metadata: {Package: [lambdas, steps, training]}
    Properties: {Handler: a.b}
  Elsewhere:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, CodeUri: s3://other/code.zip}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: ../../workflows/release.asl.json, Role: !GetAtt Role.Arn}
"""

ROOT = """
Resources:
  Child: {Type: AWS::Serverless::Application, Properties: {Location: infra/sam/child.yaml}}
  Queue: {Type: AWS::SQS::Queue}
"""


class Bucket:
    """What was uploaded, by key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def upload(self, key: str, content: bytes) -> str:
        self.objects[key] = content
        return f"s3://bucket/{key}"

    def read(self, address: str) -> bytes:
        return self.objects[address.rsplit("/", 1)[1]]

    def names_in(self, address: str) -> list[str]:
        return zipfile.ZipFile(io.BytesIO(self.read(address))).namelist()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "template.yaml": ROOT,
        "infra/sam/child.yaml": CHILD,
        "workflows/release.asl.json": '{"StartAt": "A"}',
        "lambdas/check/handler.py": "x = 1",
        "lambdas/check/__pycache__/handler.pyc": "no",
        "lambdas/.cache/file": "no",
        "steps/rules.py": "y = 2",
        "training/train.py": "z = 3",
        ".venv/lib/huge.py": "no",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def package(project: Path, bucket: Bucket) -> tuple[dict[str, Any], dict[str, Any]]:
    """The packaged root template and the child that it points at."""
    packager = Packager(bucket.upload, lambda address: address.replace("s3://", "http://s3/"))
    root = packager.package(project / "template.yaml")
    location = root["Resources"]["Child"]["Properties"]["Location"]
    assert location.startswith("http://s3/bucket/")
    return root, json.loads(bucket.read(location))


def test_everything_local_is_uploaded_and_pointed_at(project: Path) -> None:
    bucket = Bucket()
    _, child = package(project, bucket)
    resources = child["Resources"]
    small = resources["Small"]["Properties"]["CodeUri"]
    assert bucket.names_in(small) == ["lambdas/check/handler.py", "steps/rules.py"]
    assert "training/train.py" in bucket.names_in(resources["Large"]["Properties"]["CodeUri"])
    assert resources["Twin"]["Properties"]["CodeUri"] == small
    assert resources["Elsewhere"]["Properties"]["CodeUri"] == "s3://other/code.zip"
    assert bucket.read(resources["Machine"]["Properties"]["DefinitionUri"]) == b'{"StartAt": "A"}'
    assert resources["Machine"]["Properties"]["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert child["Globals"] == {"Function": {"Runtime": "python3.12"}}


def test_the_same_files_give_the_same_template_whatever_their_times(project: Path) -> None:
    first, _ = package(project, Bucket())
    handler = project / "lambdas/check/handler.py"
    handler.write_text(handler.read_text())
    second, _ = package(project, Bucket())
    assert first == second


def test_changed_code_changes_what_the_root_template_points_at(project: Path) -> None:
    first, _ = package(project, Bucket())
    (project / "steps/rules.py").write_text("y = 3")
    second, _ = package(project, Bucket())
    assert first != second


def test_a_folder_without_a_choice_is_packaged_whole(project: Path) -> None:
    names = zipfile.ZipFile(io.BytesIO(zip_folders(project, None))).namelist()
    assert "training/train.py" in names
    assert not [name for name in names if ".venv" in name or "__pycache__" in name or ".cache" in name]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("infra/sam/child.yaml", "steps, training", "nowhere", "Large: CodeUri points at"),
        ("infra/sam/child.yaml", "release.asl.json", "gone.json", "Machine: DefinitionUri points at"),
        ("template.yaml", "child.yaml", "gone.yaml", "Child: Location points at"),
        ("template.yaml", "Resources:", "Resources: [", "template.yaml: Template format error"),
    ],
)
def test_what_is_missing_or_wrong_is_named(project: Path, file: str, old: str, new: str, message: str) -> None:
    (project / file).write_text((project / file).read_text().replace(old, new))
    with pytest.raises(WrongUseError, match=message):
        package(project, Bucket())
