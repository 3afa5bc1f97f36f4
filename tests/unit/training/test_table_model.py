from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from serving.model import NoModelError, load_model
from serving.pipeline_model import PipelineModel
from serving.unusable_input import UnusableInputError
from tests.small_table import ROW, price, train, unpack, write_rows
from training.hyperparameters import HyperparameterError
from training.prepared_rows import TrainingDataError
from training.table_model import parse_arguments


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PipelineModel:
    loaded = load_model(unpack(tmp_path_factory.mktemp("model")))
    assert isinstance(loaded, PipelineModel)
    return loaded


def test_a_number_is_learnt_from_numbers_and_categories(model: PipelineModel) -> None:
    asked = [(area, street) for area in (80.0, 150.0) for street in ("Pine", "Oak")]
    rows = [{**ROW, "area": area, "street": street} for area, street in asked]
    answers = [output.values[0] for output in model.predict(rows)]
    wanted = [price(area, street) for area, street in asked]
    assert answers == pytest.approx(wanted, rel=0.15)
    assert all(not output.warnings for output in model.predict(rows))


def test_no_rows_have_no_answers(model: PipelineModel) -> None:
    assert model.predict([]) == []


def test_a_category_never_seen_is_answered_and_named(model: PipelineModel) -> None:
    known, unknown = model.predict([ROW, {**ROW, "street": "Maple"}])
    assert known.warnings == []
    assert unknown.warnings == ["column street: 'Maple' was never seen in training; answered as unknown"]
    # The bug would answer as for a missing value, or as for another category, and say nothing.
    assert unknown.values[0] > 0
    assert unknown.values != known.values


def test_every_category_never_seen_is_named_in_its_own_row(model: PipelineModel) -> None:
    both, one = model.predict([{**ROW, "street": "Maple", "heating": "coal"}, {**ROW, "heating": "wood"}])
    assert [warning.partition(" was")[0] for warning in both.warnings] == [
        "column street: 'Maple'",
        "column heating: 'coal'",
    ]
    assert [warning.partition(" was")[0] for warning in one.warnings] == ["column heating: 'wood'"]


def test_no_value_is_a_category_where_training_had_one_and_a_warning_elsewhere(model: PipelineModel) -> None:
    (of_heating,) = model.predict([{**ROW, "heating": None}])
    assert of_heating.warnings == []
    (of_street,) = model.predict([{**ROW, "street": "NA"}])
    assert of_street.warnings == ["column street: every row had a value in training; answered as unknown"]


def test_a_missing_number_is_no_warning(model: PipelineModel) -> None:
    for age in (None, "", "NA"):
        (answer,) = model.predict([{**ROW, "age": age}])
        assert answer.warnings == []


def test_a_long_category_is_named_in_short(model: PipelineModel) -> None:
    (answer,) = model.predict([{**ROW, "street": "x" * 5000}])
    (warning,) = answer.warnings
    assert len(warning) < 150
    assert "x…'" in warning


def test_a_row_that_lacks_a_column_is_refused(model: PipelineModel) -> None:
    row = {name: value for name, value in ROW.items() if name != "street"}
    with pytest.raises(UnusableInputError, match=r"instances\[1\] lacks the column street; give it, or null"):
        model.predict([ROW, row])


@pytest.mark.parametrize(
    ("task", "outputs", "right"),
    [("binary", 2, 1), ("multi_class", 3, 2), ("multi_label", 2, 1), ("regression", 1, 0)],
)
def test_every_task_has_its_outputs(tmp_path: Path, task: str, outputs: int, right: int) -> None:
    (answer,) = load_model(train(tmp_path, task=task)).predict([{**ROW, "area": 190.0, "street": "Oak"}])
    assert len(answer.values) == outputs
    if task == "regression":
        assert answer.values[0] > 250_000
    elif task == "multi_label":
        assert min(answer.values) > 0.5
    else:
        assert answer.values[right] > 0.8
    if task in {"binary", "multi_class"}:
        assert sum(answer.values) == pytest.approx(1)


def test_the_same_seed_and_rows_give_the_same_answers(tmp_path: Path) -> None:
    one, same, other = (
        load_model(train(tmp_path / name, "--seed", seed)).predict([ROW])
        for name, seed in (("one", "1"), ("same", "1"), ("other", "2"))
    )
    assert one == same
    assert one != other


def test_training_stops_by_the_validation_rows_and_logs_the_objective(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        train(tmp_path, "--num_boost_round", "2000", "--early_stopping_rounds", "5")
    report = json.loads((tmp_path / "output/training_report.json").read_text())
    assert report["measured"]["trees"] < 2000
    objectives = [line for line in caplog.messages if line.startswith("objective ")]
    assert objectives == [f"objective validation_loss={report['measured']['validation_loss']:.6f}"]


def test_more_rows_are_learnt_from_once_the_number_of_trees_is_known(tmp_path: Path) -> None:
    # A category of the validation rows only is known to the model that was trained anew.
    for refit, warnings in (("true", 0), ("false", 1)):
        folder = tmp_path / refit
        write_rows(folder / "rows")
        model = train(folder, "--refit", refit)
        rows = (folder / "rows/validation.csv").read_text().replace("Oak,gas", "Oak,sun", 1)
        assert "sun" in rows
        (folder / "rows/validation.csv").write_text(rows)
        retrained = _train_again(folder, "--refit", refit)
        (answer,) = load_model(retrained).predict([{**ROW, "heating": "sun"}])
        assert (model, len(answer.warnings)) == (retrained, warnings)


def _train_again(folder: Path, *hyperparameters: str) -> Path:
    from tests.small_table import QUICK  # noqa: PLC0415
    from training.table_model import main  # noqa: PLC0415

    rows, model = str(folder / "rows"), folder / "model"
    main(
        [
            *("--train", rows, "--validation", rows, "--schema", rows, "--model-dir", str(model)),
            *("--output-data-dir", str(folder / "output"), "--task", "regression", *QUICK, *hyperparameters),
        ]
    )
    return model


def test_the_logarithm_of_a_target_below_zero_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows")
    for part in ("train", "validation"):
        file = tmp_path / f"rows/{part}.csv"
        header, *rows = file.read_text().splitlines()
        file.write_text("\n".join([header, *(f"{row.rpartition(',')[0]},-5" for row in rows)]) + "\n")
    with pytest.raises(TrainingDataError, match=r"log_target is true, but the target has values down to -5"):
        _train_again(tmp_path, "--log_target", "true")


def test_a_rare_category_of_a_column_with_many_is_one_of_the_rest(tmp_path: Path) -> None:
    capped = load_model(train(tmp_path, "--max_categories", "2"))
    (answer,) = capped.predict([{**ROW, "street": "Oak"}])
    assert answer.warnings == []


def test_the_archive_holds_both_parts_with_the_code_that_serves_them(tmp_path: Path) -> None:
    files = {file.relative_to(tmp_path).as_posix() for file in unpack(tmp_path).rglob("*") if file.is_file()}
    wanted = {"transformer.skops", "booster.ubj", "schema.json", "code/transform_rows.py", "code/score_rows.py"}
    assert wanted <= files
    assert {"code/serving/table_rows.py", "code/lib/skops/io/__init__.py", "code/lib/packaging/version.py"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".joblib", ".pyc"))]


@pytest.mark.parametrize("name", ["transformer.skops", "booster.ubj", "schema.json"])
def test_a_damaged_part_is_an_error_that_names_the_parts(tmp_path: Path, name: str) -> None:
    (unpack(tmp_path) / name).write_bytes(b"damaged")
    with pytest.raises(NoModelError, match=r"^transformer.skops, booster.ubj or schema.json cannot be loaded: "):
        load_model(tmp_path)


def test_a_transformer_that_could_run_code_is_not_loaded(tmp_path: Path) -> None:
    from skops import io  # noqa: PLC0415

    io.dump({"run": _Opener()}, unpack(tmp_path) / "transformer.skops")
    with pytest.raises(NoModelError, match="Untrusted types found"):
        load_model(tmp_path)


class _Opener:
    """A type that nobody trusts."""


def test_hyperparameters_come_as_pairs_and_unknown_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [f"--{name}={tmp_path}" for name in ("train", "validation", "schema", "model-dir", "output-data-dir")]
    with pytest.raises(HyperparameterError, match="unknown hyperparameter 'depth'"):
        parse_arguments([*folders, "--task", "regression", "--depth", "3"])
    with pytest.raises(SystemExit):
        parse_arguments([*folders, "--task", "guess"])
    assert "invalid choice: 'guess'" in capsys.readouterr().err
