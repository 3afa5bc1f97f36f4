"""Fleets of the same endpoint config."""

from __future__ import annotations

from pathlib import Path

from local.home import Home
from local.processes import ProcessRegistry
from local.sagemaker.clients import RoleClients
from local.sagemaker.fleet import Fleet


def test_a_fleet_that_stops_leaves_the_models_of_the_next_one_of_the_same_config(tmp_path: Path) -> None:
    home = Home(tmp_path, 20000)
    processes, clients = ProcessRegistry(home.processes), RoleClients(home)
    leaving, coming = (Fleet(home, processes, clients, "reviews", "config-1") for _ in range(2))
    coming.folder.mkdir(parents=True)
    leaving.stop()
    assert coming.folder.is_dir()
