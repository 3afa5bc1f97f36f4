"""The whole training script that docs/recipes.md shows trains a model that is measured and served."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from steps.evaluation_report import MetricsReport
from training import evaluate_model

PROJECT = Path(__file__).parents[3]


def test_the_script_in_the_docs_makes_a_model_that_can_be_released(two_classes: Any, tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (PROJECT / "docs/recipes.md").read_text(), re.DOTALL)
    script = tmp_path / "bag_of_words.py"
    script.write_text(block)
    channels = {f"SM_CHANNEL_{part}": str(two_classes.folder) for part in ("TRAIN", "VALIDATION")}
    names = json.dumps(two_classes.class_names)
    finished = subprocess.run(
        [sys.executable, str(script), "--task", "binary", "--class_names", names, "--seed", "7", "--epochs", "15"],
        env={**os.environ, **channels, "SM_MODEL_DIR": str(tmp_path / "model"), "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert len(re.findall(r"^objective validation_loss=\d+\.\d+$", finished.stdout, re.MULTILINE)) == 1
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "model", ".")
    rows = ["--test", str(two_classes.folder), "--recipe", str(two_classes.recipe)]
    evaluate_model.main(["--candidate", str(tmp_path), *rows, "--output", str(tmp_path / "report")])
    report = MetricsReport.model_validate_json((tmp_path / "report/report.json").read_text())
    assert report.candidate["accuracy"] > 0.9
