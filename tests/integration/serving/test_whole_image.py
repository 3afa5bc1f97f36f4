"""The files that the image holds, and no others, serve a table's model with both of its parts in one process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from serving.app import create_app
from serving.model import load_model
from steps.model_card import ModelCard, ModelInput
from steps.recipe_sections.data import FeaturesSection
from tests.integration.serving.conftest import PROJECT, Released, write_card
from training.table_model import main as train

ISOLATION = PROJECT / "local/sagemaker/containers/isolation"
SCHEMA = {"numeric": ["area"], "categorical": ["garage"], "missing_values": ["NA"]}


@pytest.fixture(scope="module")
def table_model(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A small model of a price by area and garage."""
    folder = tmp_path_factory.mktemp("table")
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.json").write_text(json.dumps(SCHEMA))
    for name in ("train", "validation"):
        lines = [f"{area},{('none', 'attached')[area % 2]},{area * 100}" for area in range(50, 250)]
        (folder / name).mkdir()
        (folder / name / f"{name}.csv").write_text("\n".join(["area,garage,price", *lines]) + "\n")
    places = [f"--{name}={folder / name}" for name in ("train", "validation", "schema")]
    outputs = [f"--model-dir={folder / 'model'}", f"--output-data-dir={folder / 'data'}"]
    train([*places, *outputs, "--task=regression", "--num_boost_round", "50", "--learning_rate", "0.3"])
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted((folder / "model").iterdir()):
            tar.add(file, file.name)
    features = FeaturesSection.model_validate(SCHEMA)
    card = write_card(
        folder,
        archive,
        recipe="houses",
        task="regression",
        class_names=[],
        input=ModelInput(text_column=None, features=features, max_text_characters=100),
        examples=[{"area": 100.0, "garage": None}],
    )
    return Released(archive, card)


def test_the_copied_files_alone_check_and_answer_a_table(table_model: Released, tmp_path: Path) -> None:
    for folder in ("serving", "steps"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    checked = subprocess.run(
        [sys.executable, "-m", "serving", "--check"],
        env={
            "PATH": os.environ["PATH"],
            # Hides the project itself, which is installed beside its libraries.
            "PYTHONPATH": f"{ISOLATION}:{tmp_path}",
            "CARD_URI": str(table_model.card),
            "MODEL_URI": str(table_model.archive),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "loading version 7 of houses" in checked.stderr


def test_a_category_never_seen_is_answered_and_named(table_model: Released, tmp_path: Path) -> None:
    from fastapi.testclient import TestClient  # noqa: PLC0415 - beside its one use

    with tarfile.open(table_model.archive) as tar:
        tar.extractall(tmp_path, filter="data")
    card = ModelCard.model_validate_json(table_model.card.read_bytes())
    client = TestClient(create_app(load_model(tmp_path), card))
    rows = [{"area": 200, "garage": "attached"}, {"area": "200", "garage": "carport"}, {"area": "big", "garage": None}]
    answer = client.post("/predictions", json={"instances": rows}).json()
    first, second, third = answer["predictions"]
    assert first["value"] == pytest.approx(20_000, rel=0.2)
    assert "warnings" not in first
    assert "carport" in second["warnings"][0]
    assert third is None
    assert "area" in answer["errors"][0]["reason"]
    assert client.post("/invocations", json={"instances": rows[:1]}).json()["predictions"] == [[first["value"]]]
