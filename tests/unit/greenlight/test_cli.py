from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
import requests
from typer.testing import CliRunner, Result

from greenlight.cli import app
from greenlight.errors import ExitCode
from greenlight.explain import explain
from greenlight.target import Target
from local.daemon import PortInUseError, StartFailedError
from steps.errors import RecipeInvalidError

Story = Any
Fake = Any
Call = Callable[..., Result]


@pytest.fixture
def call(target: Fake) -> Call:
    return lambda *arguments: CliRunner().invoke(app, list(arguments), obj=target)


@pytest.fixture
def data(tmp_path: Path) -> str:
    file = tmp_path / "mine.csv"
    rows = [f"a fine film number {number},{number % 2}" for number in range(1200)]
    file.write_text("\n".join(["text,label", *rows]) + "\n")
    return str(file)


def test_without_a_command_the_help_is_shown(call: Call) -> None:
    shown = call("--help").stdout
    for command in ("up", "down", "run", "approve", "rollback"):
        assert command in shown


def test_runs_are_listed_as_one_json_document(call: Call, target: Fake, story: Callable[..., Story]) -> None:
    target.stepfunctions.put("run-1", story().visit("PrepareRun").succeed("NothingNew"))
    result = call("runs", "--json")
    assert result.exit_code == ExitCode.DONE
    assert json.loads(result.stdout) == [
        {
            "run_id": "run-1",
            "recipe": "review-snippets",
            "outcome": "NothingNew",
            "started_at": "2026-03-01T12:00:00.000+00:00",
            "ended_at": "2026-03-01T12:00:05.000+00:00",
        }
    ]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("Released", ExitCode.DONE),
        ("NothingNew", ExitCode.DONE),
        ("AlreadyRunning", ExitCode.NO),
        ("CostRejected", ExitCode.NO),
        ("DataRejected", ExitCode.NO),
        ("MetricsRejected", ExitCode.NO),
        ("ApprovalDenied", ExitCode.NO),
        ("ApprovalExpired", ExitCode.NO),
        ("RolledBack", ExitCode.NO),
    ],
)
def test_a_run_is_followed_to_its_end_and_the_exit_code_says_how_it_ended(
    *, call: Call, target: Fake, story: Callable[..., Story], data: str, end: str, code: ExitCode
) -> None:
    target.stepfunctions.next_story = story().visit("PrepareRun").succeed(end)
    result = call("run", "review-snippets", "--data", data, "--json")
    assert json.loads(result.stdout)["outcome"] == end
    assert result.exit_code == code
    assert f"{end}" in result.stderr


def test_the_reason_of_an_override_goes_into_the_runs_input(
    call: Call, target: Fake, story: Callable[..., Story], data: str
) -> None:
    target.stepfunctions.next_story = story().visit("PrepareRun").succeed("Released")
    call("run", "review-snippets", "--data", data, "--override-metrics", " It is urgent. ")
    [given] = target.stepfunctions.inputs.values()
    assert given["override_reason"] == "It is urgent."


def test_a_run_that_only_its_starter_could_approve_is_not_started(
    call: Call, target: Fake, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.commands.run.user_name", lambda: "approver")
    result = call("run", "review-snippets", "--data", data)
    assert result.exit_code == ExitCode.WRONG_USE
    assert "approver@example.com started this run and is the only one who may be asked" in result.stderr
    assert target.stepfunctions.inputs == {}


def test_a_run_that_faults_tells_the_cause_and_ends_with_3(
    call: Call, target: Fake, story: Callable[..., Story], data: str
) -> None:
    reported = {"error": "States.TaskFailed", "cause": "ValueError: bad row", "state": "TrainModel"}
    target.stepfunctions.next_story = story().visit("ReportFault", report_fault=reported).fail("Faulted")
    result = call("run", "review-snippets", "--data", data)
    assert result.exit_code == ExitCode.FAULT
    assert "ValueError: bad row" in result.stdout


def test_a_detached_run_is_only_started(call: Call, target: Fake, story: Callable[..., Story], data: str) -> None:
    target.stepfunctions.next_story = story().enter("PrepareRun")
    result = call("run", "review-snippets", "--data", data, "--detach", "--force", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["outcome"], document["states"]) == (ExitCode.DONE, "Running", [])
    assert target.stepfunctions.inputs[document["run_id"]]["force"] is True


def test_show_tells_states_and_cause(call: Call, target: Fake, story: Callable[..., Story]) -> None:
    closed = {"outcome": "DataRejected", "reason": "3 rows, 200 needed"}
    plan = {"decision": "go", "cost": {"run_usd": "1.62", "region": "us-east-1", "prices_as_of": "2026-09-28"}}
    told = story().visit("PrepareRun", prepare_run=plan).visit("CloseRun", close_run=closed).succeed("DataRejected")
    target.stepfunctions.put("run-1", told)
    result = call("show", "run-1")
    assert result.exit_code == ExitCode.DONE
    for words in ("run-1", "CloseRun", "DataRejected", "3 rows, 200 needed", "it could cost at most 1.62 USD"):
        assert words in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "no-such"), "no such recipe: no-such"),
        (("run", "review-snippets", "--approve", "--reject"), "exclude each other"),
        (("run", "review-snippets", "--override-metrics", " "), "--override-metrics needs a reason"),
        (("run", "review-snippets", "--override-metrics", "x" * 301), "has 301 characters, and 300 are allowed"),
        (("show", "no-such"), "there is no run 'no-such'"),
        (("approve", "run-1", "--link", "http://x"), "--link and --code go together"),
        (("demo", "--approve", "maybe"), "--approve is 'maybe'"),
    ],
)
def test_wrong_use_is_one_sentence_and_2(call: Call, arguments: tuple[str, ...], words: str) -> None:
    result = call(*arguments)
    assert result.exit_code == ExitCode.WRONG_USE
    assert words in result.stderr
    assert result.stdout == ""


def test_an_error_is_one_json_document_too(call: Call) -> None:
    result = call("show", "no-such", "--json")
    assert json.loads(result.stdout)["exit_code"] == result.exit_code == ExitCode.WRONG_USE


def test_a_stack_that_is_not_deployed_is_answered_with_how_to_deploy_it(call: Call, target: Fake) -> None:
    target.cloudformation.deployed = False
    result = call("runs")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "deploy it: `greenlight deploy`" in result.stderr


def test_env_prints_exports_and_takes_profiles_away(call: Call) -> None:
    lines = call("env").stdout.splitlines()
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4747" in lines
    assert "unset AWS_PROFILE" in lines


@pytest.mark.parametrize(
    ("environment", "words"),
    [({"GREENLIGHT_TARGET": "moon"}, "use `laptop` or `aws`"), ({"GREENLIGHT_PORT": "80"}, "1024 to 65535")],
)
def test_an_environment_that_makes_no_sense_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["runs", "--json"])
    assert result.exit_code == ExitCode.WRONG_USE
    assert words in result.stderr
    assert words in json.loads(result.stdout)["error"]


def test_what_only_a_laptop_has_is_refused_on_aws() -> None:
    for arguments in (["up"], ["down"], ["env"], ["inbox"], ["deploy"], ["approve", "run-1"]):
        result = CliRunner().invoke(app, arguments, obj=Target("greenlight", None))
        assert result.exit_code == ExitCode.WRONG_USE, arguments


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (botocore.exceptions.EndpointConnectionError(endpoint_url="x"), 2, "start it with `greenlight up`"),
        (requests.ConnectionError(), 2, "start it with `greenlight up`"),
        (botocore.exceptions.NoCredentialsError(), 2, "log in to AWS"),
        (PortInUseError("Port 4747 is taken."), 2, "Port 4747 is taken."),
        (StartFailedError("The server ended."), 3, "The server ended."),
        (RecipeInvalidError("bad recipe"), 2, "bad recipe"),
        (OSError(28, "No space left on device", "/data"), 2, "the disk is full (/data)"),
        (OSError(5, "Input/output error"), 3, "Input/output error"),
        (requests.Timeout("slow"), 3, "slow"),
    ],
)
def test_every_expected_error_becomes_a_sentence_with_a_code(
    target: Fake, error: Exception, code: int, words: str
) -> None:
    told = explain(error, target)
    assert told.exit_code == code
    assert words in str(told)


def test_data_of_ones_own_is_taken_and_told_and_written_where_asked(
    call: Call, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenlight.commands.data.DATA_CACHE", tmp_path / "cache")
    out = tmp_path / "rows.csv"
    told = call("data", "get", "review-snippets", "--from", data, "--out", str(out)).stdout
    assert "rows:    1,200\n" in told
    assert "from:    your own file mine.csv" in told
    assert "licence: none is stated here" in told
    assert out.read_text() == Path(data).read_text()
    again = call("data", "get", "review-snippets", "--from", data, "--out", str(out))
    assert again.exit_code == ExitCode.WRONG_USE
    assert "exists already; give another path" in again.stderr
    document = json.loads(call("data", "get", "review-snippets", "--from", data, "--json").stdout)
    assert (document["rows"], document["licence"]) == (1200, None)


def test_data_that_is_not_the_recipes_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = call("data", "get", "review-snippets", "--from", str(tmp_path / "other.csv"), "--json")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "has no column 'text'" in json.loads(result.stdout)["error"]


def test_recipes_are_listed_with_what_is_live(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenlight.commands.recipes._live_versions", lambda _target, _names: {})
    listed = call("recipes").stdout
    assert re.search(r"toxic-comments +multi_label +roc_auc", listed)
    document = {each["name"]: each for each in json.loads(call("recipes", "--json").stdout)}
    assert document["name-gender"]["metric"] == "accuracy"
    assert document["name-gender"]["live_version"] is None


def test_releasing_the_recipes_wants_a_folder_and_known_names(call: Call, tmp_path: Path) -> None:
    wrong = call("recipes", "release", "--data", str(tmp_path / "nothing"))
    assert wrong.exit_code == ExitCode.WRONG_USE
    assert "is no folder; give one that holds RECIPE.csv" in wrong.stderr
    unknown = call("recipes", "release", "toxic-coments").stderr
    assert "no such recipe: toxic-coments; did you mean toxic-comments?" in unknown


def test_models_lists_unless_one_of_its_commands_is_named(call: Call) -> None:
    assert "Take a version's archive out" in call("models", "--help").stdout
    assert "--out" in call("models", "download", "--help").stdout
