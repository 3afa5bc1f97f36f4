"""The training script under SageMaker's own training toolkit, in a folder laid out like /opt/ml."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[3]
# What the TensorFlow training image runs.
CONTAINER = PROJECT / "local" / "sagemaker" / "containers" / "tensorflow_training.py"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_job(tmp_path: Path, two_classes: Any) -> Run:
    """Runs a training job with the given hyperparameters; its folders are below tmp_path."""

    def run(**hyperparameters: Any) -> subprocess.CompletedProcess[str]:
        code = tmp_path / "source.tar.gz"
        with tarfile.open(code, "w:gz") as tar:
            for package in ("steps", "training"):
                tar.add(PROJECT / package, package)
        config = tmp_path / "input" / "config"
        for folder in (config, tmp_path / "model", tmp_path / "output"):
            folder.mkdir(parents=True)
        for channel in ("train", "validation"):
            folder = tmp_path / "input" / "data" / channel
            folder.mkdir(parents=True)
            (folder / f"{channel}.csv").write_bytes((two_classes.folder / f"{channel}.csv").read_bytes())
        given = {
            "sagemaker_program": "training/text_classifier.py",
            "sagemaker_submit_directory": str(code),
            "sagemaker_region": "us-east-1",
            "class_names": json.dumps(two_classes.class_names),
            **hyperparameters,
        }
        documents = {
            "hyperparameters": {name: json.dumps(value) for name, value in given.items()},
            "inputdataconfig": {channel: {"TrainingInputMode": "File"} for channel in ("train", "validation")},
            "resourceconfig": {"current_host": "localhost", "hosts": ["localhost"], "network_interface_name": "lo"},
        }
        for name, document in documents.items():
            (config / f"{name}.json").write_text(json.dumps(document))
        environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "2"}
        return subprocess.run(
            [sys.executable, str(CONTAINER)],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def test_a_training_job_saves_a_model_and_a_report_and_tells_of_each_epoch(run_job: Run, tmp_path: Path) -> None:
    finished = run_job(epochs=3, seed=11)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "epoch 1/3 accuracy=" in finished.stdout
    assert (tmp_path / "model" / "1" / "saved_model.pb").is_file()
    assert (tmp_path / "model" / "1" / "variables" / "variables.index").is_file()
    report = json.loads((tmp_path / "output" / "data" / "training_report.json").read_text())
    assert report["class_names"] == ["bad", "good"]
    assert report["hyperparameters"]["epochs"] == 3
    assert report["hyperparameters"]["seed"] == 11
    assert report["versions"]["tensorflow"].startswith("2.19")
    assert report["rows"]["train"] > 400
    assert len(report["history"]["val_accuracy"]) <= 3
    # What a search among trainings compares them by, once and to the last.
    (objective,) = re.findall(r"^objective validation_loss=(\d+\.\d+)$", finished.stdout, re.MULTILINE)
    assert float(objective) == pytest.approx(min(report["history"]["val_cross_entropy"]), abs=1e-6)


def test_a_wrong_hyperparameter_fails_the_job_in_the_scripts_own_words(run_job: Run, tmp_path: Path) -> None:
    finished = run_job(epochs=0)
    assert finished.returncode != 0
    assert 'ErrorMessage "ValueError: epochs must be at least 1, not 0' in (tmp_path / "output" / "failure").read_text()
    assert not any((tmp_path / "model").glob("*"))
