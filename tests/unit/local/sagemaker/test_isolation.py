"""What a job's Python finds on its path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ISOLATION = Path(__file__).parents[4] / "local/sagemaker/containers/isolation"
PRINT = "import json, sys; print(json.dumps(sys.path))"


def path_of_a_job(*entries: Path) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*entries, ISOLATION]))}
    answer = subprocess.run(
        [sys.executable, "-c", PRINT], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    path: list[str] = json.loads(answer.stdout)
    return path


@pytest.mark.parametrize("place", ["opt/ml/code/lib", "opt/ml/processing/input/code/lib"])
def test_wheels_made_for_the_image_are_kept_off_a_jobs_path(tmp_path: Path, place: str) -> None:
    wheels = tmp_path / place
    (wheels / "pydantic_core-2.0.0.dist-info").mkdir(parents=True)
    code = wheels.parent
    path = path_of_a_job(code, wheels)
    assert str(code) in path
    assert str(wheels) not in path
    assert [entry for entry in path if entry.endswith("site-packages")], "the environment's own libraries stay"


def test_a_folder_without_wheels_and_what_a_job_installed_stay_on_its_path(tmp_path: Path) -> None:
    plain, installed = tmp_path / "opt/ml/code/lib", tmp_path / "packages"
    plain.mkdir(parents=True)
    (installed / "library-1.0.dist-info").mkdir(parents=True)
    assert {str(plain), str(installed)} <= set(path_of_a_job(plain, installed))
