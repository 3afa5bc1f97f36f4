"""A newcomer's first hour: clone, `make run`, again, and what that leaves outside the folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 1500


@pytest.fixture
def newcomer(tmp_path: Path, unused_port: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """A clone of what is committed, with an empty home and nothing in the environment but how packages are had."""
    clone, home = tmp_path / "greenlight", tmp_path / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True, timeout=120)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG"))}
    cache = subprocess.run(
        [".venv/bin/python", "-m", "pip", "cache", "dir"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    environment = {
        **kept,
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PIP_CACHE_DIR": cache.stdout.strip(),
        "GREENLIGHT_PORT": str(unused_port),
    }
    yield clone, environment
    if (clone / ".venv/bin/greenlight").exists():
        make(clone, environment, "down")


def make(clone: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_make_run_releases_from_nothing_then_finds_nothing_new(newcomer: Any, tmp_path: Path) -> None:
    clone, environment = newcomer
    first = make(clone, environment, "run")
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    for words in ("Released", "answered by version 1", "/_greenlight/inbox", "make run FORCE=1 APPROVE=me"):
        assert words in first.stdout + first.stderr
    again = make(clone, environment, "run")
    assert again.returncode == 0, again.stderr[-3000:]
    assert "NothingNew" in again.stdout
    assert "pip install" not in again.stdout, "the second call installs nothing"
    assert "compared data: unchanged" in again.stdout
    down = make(clone, environment, "down")
    assert down.returncode == 0, down.stderr
    left = {path.relative_to(tmp_path / "home").parts[0] for path in (tmp_path / "home").rglob("*") if path.is_file()}
    # pip asks rustc for its version, which makes rustup, where it is installed, write down its settings.
    assert left <= {".rustup"}
