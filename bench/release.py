"""How long a release takes, state by state, and how much of it is orchestration.

Run     python -m bench.release        about two minutes, on a stack and a port of its own

Prints the seconds of a first release of the default recipe, of the same release again, which finds nothing new, and
of a second version over the first.
Orchestration is what is left of a run's seconds without its jobs, the approver and the endpoint's start.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from greenlight.target import PROJECT, Target

RECIPE = "review-snippets"
COMMAND_TIMEOUT_SECONDS = 1800
APPROVAL_STATES = frozenset({"RequestApproval"})
ENDPOINT_STATES = frozenset({"WaitForEndpoint"})
WAITS = {"endpoint": ENDPOINT_STATES, "approval": APPROVAL_STATES}
JOB_STATES = {"Preprocess": "preprocess", "TrainModel": "train", "EvaluateModel": "evaluate"}


@dataclass(frozen=True)
class Timing:
    """One state's seconds, and how many of them a job, the approver or the endpoint's start took."""

    state: str
    seconds: float
    elsewhere: float

    @property
    def orchestration(self) -> float:
        """What the state machine, the functions and waiting for news add."""
        return self.seconds - self.elsewhere


def split_seconds(states: list[dict[str, Any]], job_seconds: dict[str, float]) -> list[Timing]:
    """Divide each state's seconds.

    states: as `greenlight show --json` lists them;  job_seconds: state -> seconds its job ran
    """
    timings = []
    for state in states:
        name, seconds = state["name"], float(state["seconds"])
        waits = name in APPROVAL_STATES or name in ENDPOINT_STATES
        timings.append(Timing(name, seconds, seconds if waits else min(seconds, job_seconds.get(name, 0.0))))
    return timings


def main() -> None:
    """Measure and print; the stack is stopped and deleted whatever happens."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_cache()) as home:
        os.environ.update(GREENLIGHT_HOME=home, GREENLIGHT_PORT=str(_free_port()))
        try:
            _measure(console)
        finally:
            _greenlight("down")
    console.print("\n[bold]The model beside a simple one[/]")
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "bench.quality"]
    subprocess.run(command, cwd=PROJECT, env=quiet, check=True, timeout=COMMAND_TIMEOUT_SECONDS)  # noqa: S603 - our own


def _measure(console: Console) -> None:
    up_seconds, _ = _greenlight("up")
    deploy_seconds, _ = _greenlight("deploy")
    first_seconds, first = _greenlight("run", RECIPE, "--approve")
    again_seconds, again = _greenlight("run", RECIPE)
    second_seconds, second = _greenlight("run", RECIPE, "--approve", "--force")
    target = Target.from_environment()
    _print_run(console, "First release", first, _job_seconds(target, first))
    _print_run(console, "The same again", again, {})
    _print_run(
        console, "A second version over the first, every function called before", second, _job_seconds(target, second)
    )
    console.print("\n[bold]As a user waits for it[/]")
    for what, seconds in (
        ("greenlight up", up_seconds),
        ("greenlight deploy", deploy_seconds),
        ("greenlight run, first release", first_seconds),
        ("greenlight run, nothing new", again_seconds),
        ("greenlight run, second version", second_seconds),
    ):
        console.print(f"  {what:<32} {seconds:7.2f} s")


def _print_run(console: Console, title: str, run: dict[str, Any], job_seconds: dict[str, float]) -> None:
    timings = split_seconds(run["states"], job_seconds)
    table = Table(box=None, pad_edge=False)
    table.add_column("state")
    for column in ("seconds", "in job or wait", "orchestration"):
        table.add_column(column, justify="right")
    for timing in timings:
        elsewhere = f"{timing.elsewhere:.3f}" if timing.elsewhere else ""
        table.add_row(timing.state, f"{timing.seconds:.3f}", elsewhere, f"{timing.orchestration:.3f}")
    total, added = sum(timing.seconds for timing in timings), sum(timing.orchestration for timing in timings)
    waited = {
        name: sum(timing.seconds for timing in timings if timing.state in states) for name, states in WAITS.items()
    }
    console.print(f"\n[bold]{title}[/]: {run['outcome']}")
    console.print(table)
    console.print(
        f"total {total:.2f} s = jobs {sum(job_seconds.values()):.2f} s + endpoint {waited['endpoint']:.2f} s "
        f"+ approval {waited['approval']:.2f} s + orchestration {added:.2f} s",
        soft_wrap=True,
    )
    console.print(f"orchestration {added / len(timings):.3f} s a state, {len(timings)} states")


def _job_seconds(target: Target, run: dict[str, Any]) -> dict[str, float]:
    entered = {state["name"] for state in run["states"]}
    return {
        state: _one_job_seconds(target, state, f"{run['run_id']}-{suffix}")
        for state, suffix in JOB_STATES.items()
        if state in entered
    }


def _one_job_seconds(target: Target, state: str, job_name: str) -> float:
    if state == "TrainModel":
        training = target.sagemaker.describe_training_job(TrainingJobName=job_name)
        return (training["TrainingEndTime"] - training["TrainingStartTime"]).total_seconds()
    processing = target.sagemaker.describe_processing_job(ProcessingJobName=job_name)
    return (processing["ProcessingEndTime"] - processing["ProcessingStartTime"]).total_seconds()


def _greenlight(*arguments: str) -> tuple[float, dict[str, Any]]:
    """Run the program as a user does; returns the seconds it took and its JSON document."""
    program = Path(sys.executable).with_name("greenlight")
    started = time.monotonic()
    result = subprocess.run(  # noqa: S603 - our own program
        [str(program), *arguments, "--json"], stdout=subprocess.PIPE, check=True, timeout=COMMAND_TIMEOUT_SECONDS
    )
    return time.monotonic() - started, json.loads(result.stdout)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cache() -> Path:
    cache = PROJECT / ".cache"
    cache.mkdir(exist_ok=True)
    return cache


if __name__ == "__main__":
    main()
