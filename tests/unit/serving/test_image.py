"""The image's recipe: no Docker is needed to find out that it would hold what it needs, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
LOCK = (PROJECT / "serving/requirements.txt").read_text()
IGNORED = (PROJECT / "serving/Dockerfile.dockerignore").read_text().splitlines()
# The image has the builds without graphics cards.
IN_IMAGE = {"tensorflow": "tensorflow-cpu", "xgboost": "xgboost-cpu"}


@dataclass(frozen=True)
class Instruction:
    name: str
    value: str
    stage: str


def instructions() -> list[Instruction]:
    text = (PROJECT / "serving/Dockerfile").read_text()
    joined = re.sub(r"\\\n\s*", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    found, stage = [], ""
    for line in filter(None, joined.splitlines()):
        name, _, value = line.strip().partition(" ")
        if name == "FROM":
            stage = value.partition(" AS ")[2] or "last"
        found.append(Instruction(name, value, stage))
    return found


ALL = instructions()


def of(name: str, stage: str | None = None) -> list[str]:
    return [each.value for each in ALL if each.name == name and stage in (None, each.stage)]


def test_every_instruction_is_one() -> None:
    known = {"ARG", "FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}
    assert {each.name for each in ALL} == known


def test_the_base_is_pinned_and_the_stages_follow_from_each_other() -> None:
    [base] = of("ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.12\.\d+-slim-bookworm", base)
    assert [value.partition(" AS ")[0] for value in of("FROM")] == ["${PYTHON_IMAGE}"] * 2 + ["server"] * 2


def test_what_is_copied_exists_and_reaches_the_build() -> None:
    assert IGNORED[1] == "*"
    for value in of("COPY"):
        if value.startswith("--from"):
            continue
        source, _ = value.split()
        assert (PROJECT / source).exists()
        assert f"!{source.split('/')[0]}" in IGNORED


def test_it_holds_only_the_server_and_the_rules() -> None:
    assert {line for line in IGNORED if line.startswith("!")} == {"!serving", "!steps"}


def test_the_server_is_not_root() -> None:
    assert of("USER") == ["10001:10001"]
    # Nobody becomes root again, and what holds the model is made of the same stage.
    assert [each.stage for each in ALL if each.name == "USER"] == ["server"]


def test_its_health_is_asked_at_the_route_and_port_that_it_serves() -> None:
    [check] = of("HEALTHCHECK")
    assert "/health" in check
    assert "SERVE_PORT" in check
    code = re.search(r'CMD \["python", "-c", "(.*)"\]', check)
    assert code
    ast.parse(code[1].replace('\\"', '"'))
    assert of("ENTRYPOINT") == ['["python", "-m", "serving"]']


def test_no_secret_lies_in_it() -> None:
    assert not re.search(r"KEY|SECRET|TOKEN|PASSWORD", " ".join([*of("ENV"), *of("ARG")]), re.IGNORECASE)
    assert "GREENLIGHT_OPEN" not in " ".join(of("ENV"))


def test_it_is_told_what_the_server_reads() -> None:
    server = (PROJECT / "serving/__main__.py").read_text()
    for name in ("SERVE_HOST", "SERVE_PORT", "CARD_URI", "MODEL_URI"):
        assert any(f"{name}=" in value for value in of("ENV"))
        assert f'environment.get("{name}"' in server


def test_weights_that_are_missing_fail_the_build() -> None:
    assert of("COPY", "with-model") == ["--from=model model_card.json model.tar.gz /opt/model/"]
    assert of("RUN", "with-model") == ['["python", "-m", "serving", "--check"]']


def test_libraries_are_installed_by_hash_and_nothing_else_is() -> None:
    [install] = of("RUN", "libraries")
    assert {"--no-deps", "--require-hashes", "--only-binary"} <= set(install.split())
    assert "http" not in LOCK
    locked = re.findall(r"^([a-z0-9-]+)==\S+ \\$", LOCK, re.MULTILINE)
    assert len(locked) == LOCK.count("==")
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", LOCK))


@pytest.mark.parametrize("file", sorted((PROJECT / "serving").glob("*.py")), ids=lambda file: file.stem)
def test_what_it_imports_is_among_its_libraries(file: Path) -> None:
    names = {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(file.read_text()))
        for alias in (node.names if isinstance(node, ast.Import) else [])
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    distributions = packages_distributions()
    for name in names - set(sys.stdlib_module_names) - {"serving", "steps"}:
        distribution = distributions[name][0].lower().replace("_", "-")
        assert f"\n{IN_IMAGE.get(distribution, distribution)}==" in f"\n{LOCK}", name
