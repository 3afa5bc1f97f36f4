from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.processes import ProcessRegistry

SLEEP = "import time; time.sleep(300)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
PARENT = f"import subprocess, sys, time; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True)"

Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def registry(tmp_path: Path) -> ProcessRegistry:
    return ProcessRegistry(tmp_path / "processes")


@pytest.fixture
def start(registry: ProcessRegistry, tmp_path: Path) -> Iterator[Start]:
    children: list[subprocess.Popen[bytes]] = []

    def run(script: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "output").open("wb") as output:
            child = registry.start([sys.executable, "-c", script], environment={}, cwd=tmp_path, output=output)
        children.append(child)
        return child

    yield run
    for child in children:
        child.kill()
        child.wait()


def records(tmp_path: Path) -> list[str]:
    return [file.name for file in (tmp_path / "processes").iterdir()]


def wait_for_output(tmp_path: Path) -> None:
    while not (tmp_path / "output").read_bytes():
        time.sleep(0.01)


def group_of(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_a_child_is_on_record_until_it_is_stopped(registry: ProcessRegistry, start: Start, tmp_path: Path) -> None:
    child = start(SLEEP)
    assert records(tmp_path) == [str(child.pid)]
    assert registry.stop(child) == -15
    assert records(tmp_path) == []


def test_a_child_that_has_ended_gives_its_exit_code(registry: ProcessRegistry, start: Start) -> None:
    child = start("raise SystemExit(3)")
    child.wait()
    assert registry.stop(child) == 3


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(
    registry: ProcessRegistry, start: Start, tmp_path: Path
) -> None:
    child = start(DEAF)
    wait_for_output(tmp_path)
    assert registry.stop(child, grace_seconds=0.2) == -9


def test_the_children_of_a_child_go_with_it(registry: ProcessRegistry, start: Start, tmp_path: Path) -> None:
    child = start(f"{PARENT}; time.sleep(300)")
    wait_for_output(tmp_path)
    group = group_of(child.pid)
    assert len(group) == 2
    registry.stop(child)
    assert alive(group) == []


def test_leftovers_of_an_earlier_server_are_stopped(registry: ProcessRegistry, start: Start, tmp_path: Path) -> None:
    child = start(f"{PARENT}; time.sleep(300)")
    wait_for_output(tmp_path)
    group = group_of(child.pid)
    assert ProcessRegistry(tmp_path / "processes").stop_leftovers() == 1
    assert alive(group) == []
    assert records(tmp_path) == []
    assert registry.stop_leftovers() == 0


def test_leftovers_are_found_although_their_parent_has_ended(start: Start, tmp_path: Path) -> None:
    start(PARENT).wait()
    orphan = psutil.Process(int((tmp_path / "output").read_text()))
    assert ProcessRegistry(tmp_path / "processes").stop_leftovers() == 1
    assert alive([orphan]) == []


def test_a_stranger_that_got_the_same_process_id_is_left_alone(registry: ProcessRegistry, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    created = psutil.Process(stranger.pid).create_time() - 1000
    (tmp_path / "processes" / str(stranger.pid)).write_text(json.dumps({"created": created}))
    assert registry.stop_leftovers() == 0
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_damaged_record_is_dropped(registry: ProcessRegistry, tmp_path: Path) -> None:
    (tmp_path / "processes" / "1").write_text("")
    (tmp_path / "processes" / "name").write_text("{}")
    assert registry.stop_leftovers() == 0
    assert records(tmp_path) == []
