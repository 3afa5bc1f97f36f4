"""The server process that EvaluateModel measures: asked, failing, and never left behind."""

from __future__ import annotations

import logging
import tarfile
from pathlib import Path

import psutil
import pytest

from steps.recipe import Recipe, parse_recipe
from tests.small_table import ROW, train
from training.evaluation.asked_model import AskedModel
from training.evaluation.measured_server import ServerError, measure_server, serve

RECIPE = """\
name: small
description: Prices of a small table.
task: regression
data:
  features: {numeric: [area, age], categorical: [street, heating]}
  target_column: price
metrics: {gates: [{name: r2, floor: 0.5}]}
approval: {approvers: [approver@example.com]}
smoke: {cases: [{row: {area: 100, age: 10, street: Elm, heating: gas}, minimum: 1}]}
"""


@pytest.fixture
def recipe() -> Recipe:
    return parse_recipe(RECIPE, where="recipe.yaml")


def asked(folder: Path, archive: Path, server: object) -> AskedModel:
    return AskedModel(archive, folder, None, None, {}, server)  # type: ignore[arg-type]


def children() -> list[int]:
    return [each.pid for each in psutil.Process().children(recursive=True)]


def test_a_tables_model_is_measured_and_its_server_ends(tmp_path: Path, recipe: Recipe) -> None:
    folder = train(tmp_path)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(folder, ".")
    before = children()
    with serve(folder, recipe) as server:
        assert len(children()) > len(before)
        measured = measure_server(asked(folder, tmp_path / "model.tar.gz", server), [ROW] * 7)
    assert measured is not None
    assert measured.requests == 7
    assert measured.unpacked_bytes == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert children() == before


def test_a_server_that_cannot_load_the_model_leaves_no_numbers_and_says_why(
    tmp_path: Path, recipe: Recipe, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), serve(tmp_path, recipe) as server:
        assert measure_server(asked(tmp_path, tmp_path, server), [ROW]) is None
    assert "the model's server failed: it ended with 2: Error:" in caplog.text
    assert "holds neither" in caplog.text


def test_a_row_that_is_not_answered_is_an_error_without_the_row(tmp_path: Path, recipe: Recipe) -> None:
    with serve(train(tmp_path), recipe) as server:
        assert server is not None
        with pytest.raises(ServerError, match="it answered a test row with status 400") as caught:
            server.latencies_ms(["a secret text instead of a table's row"])
    assert "secret" not in str(caught.value)


def test_the_server_ends_when_its_user_fails(tmp_path: Path, recipe: Recipe) -> None:
    before = children()
    with pytest.raises(ZeroDivisionError), serve(tmp_path, recipe):
        raise ZeroDivisionError
    assert children() == before
