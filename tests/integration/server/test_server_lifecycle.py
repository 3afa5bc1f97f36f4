from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from local import daemon
from local.home import Home
from local.processes import ProcessRegistry


@pytest.fixture
def leftover(home: Home) -> Iterator[psutil.Process]:
    """A child of an earlier server, with a child of its own in the same group."""
    script = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])"
    with (home.directory.parent / "output").open("wb") as output:
        child = ProcessRegistry(home.processes).start(
            [sys.executable, "-c", f"{script}; time.sleep(300)"],
            environment={},
            cwd=home.directory,
            output=output,
        )
    process = psutil.Process(child.pid)
    while not process.children():
        assert child.poll() is None
    yield process
    child.wait(10)


def broken_project(directory: Path, server: str) -> Path:
    (directory / "local").mkdir(parents=True)
    (directory / "local" / "__init__.py").touch()
    (directory / "local" / "server.py").write_text(server)
    return directory


def test_up_starts_a_server_that_answers_on_the_loopback_address_only(home: Home, project: Path) -> None:
    said: list[str] = []
    result = daemon.up(home, project, progress=said.append)
    assert (result.endpoint_url, result.already_running, result.notes) == (home.endpoint_url, False, ())
    assert said == ["Starting the AWS server."]
    health = requests.get(f"{home.endpoint_url}/_greenlight/health", timeout=5).json()
    assert (health["status"], health["pid"], health["home"]) == ("ok", result.pid, str(home.directory))
    listening = [c.laddr for c in psutil.Process(result.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert daemon.status(home) == daemon.Status(
        running=True,
        answering=True,
        endpoint_url=home.endpoint_url,
        log_file=home.log_file,
        pid=result.pid,
        version=health["version"],
    )


def test_up_while_the_stack_runs_says_so(home: Home, project: Path) -> None:
    first = daemon.up(home, project)
    second = daemon.up(home, project)
    assert (second.pid, second.already_running) == (first.pid, True)


def test_two_ups_at_once_start_one_server(home: Home, project: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: daemon.up(home, project), range(2)))
    assert results[0].pid == results[1].pid
    assert sorted(result.already_running for result in results) == [False, True]


def test_up_while_the_server_is_stopping_starts_the_next_one(home: Home, project: Path) -> None:
    stopping = psutil.Process(daemon.up(home, project).pid)
    stopping.terminate()
    while daemon.status(home).answering:
        time.sleep(0.01)
    result = daemon.up(home, project)
    assert result.pid != stopping.pid
    assert daemon.status(home).answering


def test_down_stops_the_server_and_says_whether_one_ran(home: Home, project: Path) -> None:
    pid = daemon.up(home, project).pid
    assert daemon.down(home) == daemon.DownResult(was_running=True, stopped_leftovers=0)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not daemon.status(home).running
    assert daemon.down(home) == daemon.DownResult(was_running=False, stopped_leftovers=0)


def test_down_before_any_up_makes_no_directory(home: Home) -> None:
    assert not daemon.down(home).was_running
    assert not home.directory.exists()


def test_a_port_that_another_program_uses_is_named_with_the_way_out(home: Home, project: Path) -> None:
    with socket.create_server(("127.0.0.1", home.port)):
        with pytest.raises(daemon.PortInUseError, match=rf"Port {home.port} .*GREENLIGHT_PORT"):
            daemon.up(home, project)
        assert not daemon.status(home).running


def test_a_running_stack_does_not_change_its_port(home: Home, project: Path, free_port: Callable[[], int]) -> None:
    daemon.up(home, project)
    elsewhere = Home(home.directory, free_port())
    with pytest.raises(daemon.OtherPortError, match=rf"port {home.port}, not {elsewhere.port}"):
        daemon.up(elsewhere, project)
    assert daemon.status(elsewhere).endpoint_url == home.endpoint_url
    assert daemon.down(elsewhere).was_running


def test_after_a_crash_up_stops_what_was_left_behind(home: Home, project: Path, leftover: psutil.Process) -> None:
    crashed = psutil.Process(daemon.up(home, project).pid)
    # The server has just stopped the leftover of the fixture; this one is the crashed server's own.
    assert not leftover.is_running() or leftover.status() == psutil.STATUS_ZOMBIE
    with (home.directory / "output").open("wb") as output:
        child = ProcessRegistry(home.processes).start(
            ["sleep", "300"], environment={}, cwd=home.directory, output=output
        )
    crashed.kill()
    said: list[str] = []
    result = daemon.up(home, project, progress=said.append)
    assert (result.already_running, result.stopped_leftovers) == (False, 1)
    assert said[0] == "Stopped 1 processes that an earlier server left behind."
    assert child.wait(10) == -15


def test_down_after_a_crash_stops_what_was_left_behind(home: Home, leftover: psutil.Process) -> None:
    descendants = leftover.children()
    assert daemon.down(home) == daemon.DownResult(was_running=False, stopped_leftovers=1)
    assert [
        process for process in descendants if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ] == []


def test_a_server_that_dies_is_reported_with_its_last_words(home: Home, tmp_path: Path) -> None:
    project = broken_project(tmp_path / "broken", "raise SystemExit('the disk ate my homework')")
    with pytest.raises(daemon.StartFailedError, match=r"ended before it was ready(.|\n)*the disk ate my homework"):
        daemon.up(home, project)


def test_a_server_that_never_answers_is_stopped_and_reported(home: Home, tmp_path: Path) -> None:
    server = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(300)"
    project = broken_project(tmp_path / "mute", server)
    with pytest.raises(daemon.StartFailedError, match=r"did not answer within 2 s(.|\n)*wrote nothing"):
        daemon.up(home, project, timeout_seconds=2)
    pid = int((project / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_record_of_another_process_is_not_taken_for_a_server(home: Home) -> None:
    home.directory.mkdir()
    other = subprocess.Popen(["sleep", "300"])
    home.pid_file.write_text(
        f'{{"pid": {other.pid}, "created": {psutil.Process(other.pid).create_time()}, "port": {home.port}}}'
    )
    assert not daemon.status(home).running
    daemon.down(home)
    assert other.poll() is None
    other.kill()
    other.wait()


def test_too_little_disk_is_said_with_numbers(home: Home, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(home.directory.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=300 * 1024 * 1024))
    with pytest.raises(daemon.DiskFullError, match=r"0\.29 GiB of free space, and the stack needs at least 1 GiB"):
        daemon.up(home, project)
    assert not home.directory.exists()


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path, project: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(daemon.HomeUnusableError, match="GREENLIGHT_HOME"):
        daemon.up(Home(tmp_path / "file" / "home", 21999), project)


def test_a_server_of_older_code_is_told_by_the_next_up(home: Home, project: Path, tmp_path: Path) -> None:
    daemon.up(home, project)
    assert daemon.up(home, project).notes == ()
    newer = tmp_path / "newer"
    shutil.copytree(project / "local", newer / "local")
    shutil.copytree(project / "serving", newer / "serving")
    (newer / "local" / "server.py").write_text("# changed\n")
    assert daemon.up(home, newer).notes == (daemon.OLD_CODE,)
