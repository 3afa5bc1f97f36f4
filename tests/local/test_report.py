"""The report of a real run: saved by the command, and the very file that the run noted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any


def test_a_releases_report_is_saved_as_the_run_noted_it(laptop: Any, first_release: Any, tmp_path: Path) -> None:
    assert first_release.code == 0, first_release.errors
    run_id, out = first_release.document["run_id"], tmp_path / "report.html"
    saved = laptop.call("report", run_id, "--out", str(out))
    assert saved.code == 0, saved.errors
    body = out.read_bytes()
    assert hashlib.sha256(body).hexdigest() == saved.document["report_digest"]
    assert laptop.call("show", run_id).document["report"]["report_digest"] == saved.document["report_digest"]
    html = body.decode()
    for words in ("review-snippets", "Passed: a person decides now", "ROC curve", "Calibration", "Learning curve"):
        assert words in html
    assert f"{first_release.document['metrics']['accuracy'] * 100:.1f} %" in html


def test_a_file_that_is_there_stays(laptop: Any, first_release: Any, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("mine")
    refused = laptop.call("report", first_release.document["run_id"], "--out", str(out))
    assert refused.code == 2
    assert "is there already" in refused.document["error"]
    assert out.read_text() == "mine"


def test_the_registry_keeps_a_model_card_with_the_version(laptop: Any, first_release: Any) -> None:
    assert first_release.code == 0
    sagemaker = laptop.client("sagemaker")
    versions = sagemaker.list_model_packages(ModelPackageGroupName="greenlight-review-snippets", SortOrder="Ascending")
    arn = versions["ModelPackageSummaryList"][0]["ModelPackageArn"]
    card = sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"]
    assert '"accuracy"' in card["ModelCardContent"]
    assert first_release.document["run_id"] in card["ModelCardContent"]
