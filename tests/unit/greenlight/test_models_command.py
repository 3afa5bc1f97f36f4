from __future__ import annotations

from datetime import UTC, datetime

import pytest

from greenlight.commands.models import models_table
from greenlight.console import output
from greenlight.registry import ModelVersion


def version(recipe: str, metrics: dict[str, float]) -> ModelVersion:
    return ModelVersion(recipe, "1", "Approved", True, f"{recipe}-run", datetime(2026, 3, 1, tzinfo=UTC), metrics)


def printed(capsys: pytest.CaptureFixture[str], *versions: ModelVersion) -> list[list[str]]:
    output().print(models_table(versions))
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_versions_measured_alike_have_a_column_for_each_metric(capsys: pytest.CaptureFixture[str]) -> None:
    head, *rows = printed(
        capsys,
        version("a", {"accuracy": 0.8, "f1": 0.75}),
        version("b", {"f1": 0.5, "accuracy": 0.6}),
        version("c", {}),
    )
    assert head[5:] == ["accuracy", "f1", "run"]
    assert [row[-3:-1] for row in rows] == [["0.8000", "0.7500"], ["0.6000", "0.5000"], ["-", "-"]]


def test_versions_of_several_tasks_tell_their_first_metrics_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    many = {"r2": 0.89, "mean_absolute_error": 16012.3, "root_mean_squared_error": 27000.0, "other": 1.0}
    head, *rows = printed(capsys, version("a", {"accuracy": 0.8}), version("houses", many))
    assert head[5:] == ["metrics", "run"]
    assert " ".join(rows[0]).endswith("accuracy 0.800 a-run")
    assert "r2 0.890, mean_absolute_error 16,012, root_mean_squared_error 27,000 houses-run" in " ".join(rows[1])
