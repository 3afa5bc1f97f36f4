"""The rule that says what a package holds, and the locks that say which libraries."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from greenlight.package_content import PackageError, copy, files_below, package_of

PROJECT = Path(__file__).parents[3]
SCRIPT = PROJECT / "greenlight/package_content.py"
TEMPLATES = sorted((PROJECT / "infra/sam").glob("*.yaml"))
BUILT = {
    name: resource
    for template in TEMPLATES
    for name, resource in yaml_parse(template.read_text())["Resources"].items()
    if resource.get("Metadata", {}).get("BuildMethod") == "makefile"
}
LOCKED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)", re.MULTILINE)

# What the locks leave to others, by the name that is imported.
LAMBDA_HAS = {"boto3", "botocore", "urllib3"}
# By the lock of the wheels that are beside it. Flask, which serves in the scikit-learn image, brings werkzeug.
TRAINING_IMAGES_HAVE = {
    "training/requirements.txt": {"keras", "numpy", "pandas", "scipy", "sklearn", "tensorflow"},
    "training/requirements-py310.txt": {"numpy", "pandas", "scipy", "sklearn", "werkzeug"},
}
# What runs in a job of that image.
JOBS = {
    "training/requirements.txt": ["steps/preprocess.py", "training/evaluate_model.py", "training/text_classifier.py"],
    "training/requirements-py310.txt": [
        "steps/preprocess.py",
        "training/evaluate_model.py",
        "training/table_model.py",
    ],
}
# Serving in these takes libraries of the other image, and no job of theirs gets there.
ELSEWHERE = {
    "training/requirements.txt": {"serving/pipeline_model.py"},
    "training/requirements-py310.txt": {"serving/saved_model.py"},
}
# Imported under another name than the package has.
PROVIDED_BY = {
    "yaml": "pyyaml",
    "aws_lambda_powertools": "aws-lambda-powertools",
    "pydantic_core": "pydantic-core",
    "xgboost": "xgboost-cpu",
}
OWN = {"lambdas", "steps", "training", "serving"}


def run_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the file with nothing but the standard library."""
    command = [sys.executable, "-I", "-S", "-B", str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", BUILT)
def test_the_package_read_without_yaml_is_the_one_that_yaml_says(name: str) -> None:
    assert package_of(name, TEMPLATES) == BUILT[name]["Metadata"]["Package"]


def test_every_function_and_layer_is_built_by_the_makefile() -> None:
    packed = {"AWS::Serverless::Function", "AWS::Serverless::LayerVersion"}
    every = {
        name
        for template in TEMPLATES
        for name, resource in yaml_parse(template.read_text())["Resources"].items()
        if resource["Type"] in packed
    }
    assert set(BUILT) == every


@pytest.mark.parametrize(
    "template",
    [
        "Resources:\n  Other:\n    Metadata:\n      Package: [a]\n",
        "Resources:\n  Wanted:\n    Metadata:\n      Package:\n        - a\n",
        "Resources:\n  Wanted:\n    Properties:\n      Package: [a]\n  Other:\n    Metadata:\n      Package: [b]\n",
        2 * "  Wanted:\n    Metadata:\n      Package: [a]\n  Other:\n    Type: A\n",
    ],
)
def test_a_package_that_is_not_said_once_on_one_line_is_refused(tmp_path: Path, template: str) -> None:
    (tmp_path / "child.yaml").write_text(template)
    with pytest.raises(PackageError, match=r"^Wanted: [02] resources"):
        package_of("Wanted", [tmp_path / "child.yaml"])


def test_comments_and_empty_lines_do_not_hide_a_package(tmp_path: Path) -> None:
    metadata = "    Metadata:\n      # how\n      BuildMethod: makefile\n      Package: [a, b/c.txt]\n"
    (tmp_path / "child.yaml").write_text(f"Resources:\n  Wanted:\n    # why\n\n{metadata}")
    assert package_of("Wanted", [tmp_path / "child.yaml"]) == ["a", "b/c.txt"]


def test_files_are_copied_without_what_is_made_beside_them(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in (
        "code/a.py",
        "code/__pycache__/a.pyc",
        "code/.hidden",
        "code/requirements.txt",
        "other/b.py",
        "lock.txt",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    copy(files_below(source, ["code", "lock.txt"]), tmp_path / "target")
    copied = {path.relative_to(tmp_path / "target").as_posix() for path in (tmp_path / "target").rglob("*.*")}
    assert copied == {"code/a.py", "lock.txt"}


def test_it_runs_with_the_standard_library_alone(tmp_path: Path) -> None:
    answer = run_alone("copy", "CheckMetricsFunction", str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "lambdas/check_metrics/handler.py").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"lambdas", "steps"}


def test_a_function_that_no_template_has_is_named(tmp_path: Path) -> None:
    answer = run_alone("copy", "NobodysFunction", str(tmp_path))
    assert answer.returncode == 1
    assert "NobodysFunction: 0 resources of this name in infra/sam" in answer.stderr


def test_a_python_without_pip_is_told_what_to_do(tmp_path: Path) -> None:
    lock = str(PROJECT / "lambdas/requirements.txt")
    answer = run_alone("install", lock, str(tmp_path), "--machine", "aarch64")
    assert answer.returncode == 1
    assert "has no pip" in answer.stderr
    assert "PYTHON=/path/to/python3 sam build" in answer.stderr


def locked(lock: str) -> dict[str, str]:
    return {found["name"]: found["version"] for found in LOCKED.finditer((PROJECT / lock).read_text())}


def imported_from(entries: list[str], elsewhere: set[str]) -> set[str]:
    """First part of every name that entries import while they run, directly or through others of our modules.

    elsewhere: modules that are reached, but run somewhere else
    """
    reached: set[str] = set()
    waiting = list(entries)
    while waiting:
        path = waiting.pop()
        if path in reached | elsewhere or not (PROJECT / path).is_file():
            continue
        reached.add(path)
        for node in _run_time_nodes(ast.parse((PROJECT / path).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                waiting += [f"{module.replace('.', '/')}.py" for module in modules]
    return _imported_by([PROJECT / path for path in reached])


def _imported_by(files: list[Path]) -> set[str]:
    names: set[str] = set()
    for file in files:
        for node in _run_time_nodes(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - OWN


def _run_time_nodes(tree: ast.AST) -> list[ast.AST]:
    """Every node outside `if TYPE_CHECKING:`."""
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        found += [node, *_run_time_nodes(node)]
    return found


@pytest.mark.parametrize("lock", ["lambdas/requirements.txt", *TRAINING_IMAGES_HAVE])
def test_packages_hold_the_versions_that_the_laptop_tests(lock: str) -> None:
    tested = locked("requirements.txt")
    assert locked(lock)
    assert {name: tested.get(name) for name in locked(lock)} == locked(lock)


@pytest.mark.parametrize(
    ("name", "lock"),
    [
        ("lambdas", "lambdas/requirements.txt"),
        ("training", "training/requirements.txt"),
        ("training-py310", "training/requirements-py310.txt"),
    ],
)
def test_a_lock_holds_what_its_group_asks_for(name: str, lock: str) -> None:
    group = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"][name]
    asked = {re.split(r"[\[<>=]", each)[0] for each in group}
    assert asked <= set(locked(lock))


def test_every_library_that_functions_import_is_in_the_layer_or_in_lambdas_runtime() -> None:
    handlers = [str(file.relative_to(PROJECT)) for file in sorted((PROJECT / "lambdas").glob("*/handler.py"))]
    names = imported_from(handlers, set())
    assert {"pydantic", "boto3", "aws_lambda_powertools"} <= names
    assert {PROVIDED_BY.get(name, name) for name in names - LAMBDA_HAS} <= set(locked("lambdas/requirements.txt"))
    assert "aws-xray-sdk" in locked("lambdas/requirements.txt"), "powertools' tracer imports it"


@pytest.mark.parametrize("lock", TRAINING_IMAGES_HAVE)
def test_every_library_that_jobs_import_comes_with_the_code_or_is_the_images_framework(lock: str) -> None:
    names = imported_from(JOBS[lock], ELSEWHERE[lock])
    assert "pydantic" in names
    missing = {PROVIDED_BY.get(name, name) for name in names - TRAINING_IMAGES_HAVE[lock]}
    assert missing <= set(locked(lock))
    assert names & TRAINING_IMAGES_HAVE[lock]
