from __future__ import annotations

from pathlib import Path

import pytest

from local.sagemaker.job_folder import JobFolder

FOLDER = JobFolder(Path("/home/jobs/j"))


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("/opt/ml", "/home/jobs/j/opt/ml"),
        ("/opt/ml/processing/input", "/home/jobs/j/opt/ml/processing/input"),
        ("--output=/opt/ml/output", "--output=/home/jobs/j/opt/ml/output"),
        ("/opt/ml/a:/opt/ml/b", "/home/jobs/j/opt/ml/a:/home/jobs/j/opt/ml/b"),
        ('{"dir": "/opt/ml/model"}', '{"dir": "/home/jobs/j/opt/ml/model"}'),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/data/opt/ml", "/data/opt/ml"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
    ],
)
def test_container_paths_become_paths_of_the_job(text: str, translated: str) -> None:
    assert FOLDER.translate(text) == translated


@pytest.mark.parametrize("path", ["/etc/passwd", "/opt/ml/../x", "opt/ml/x"])
def test_a_path_outside_opt_ml_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not below /opt/ml"):
        FOLDER.path(path)
