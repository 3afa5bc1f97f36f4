"""What runs in a table's containers must be Python 3.10, which is older than the rest of the project."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from steps.code_manifest import ENTRY_MODULES

PROJECT = Path(__file__).parents[3]
ENTRIES = (*(f"{module.replace('.', '/')}.py" for module in ENTRY_MODULES.values()), "training/table_model.py")
# Names of the standard library that came with Python 3.11.
NEWER = {"UTC", "StrEnum", "Self", "LiteralString", "assert_never", "Never", "ExceptionGroup", "tomllib", "NotRequired"}


def reached(entry: str) -> set[str]:
    """The entry and every module of the project that it imports, directly or through others."""
    found, waiting = set(), [entry]
    while waiting:
        path = waiting.pop()
        if path in found or not (PROJECT / path).is_file():
            continue
        found.add(path)
        for node in ast.walk(ast.parse((PROJECT / path).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                waiting += [name.replace(".", "/") + ".py" for name in names]
    return found


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_modules_of_a_job_are_python_3_10(entry: str) -> None:
    modules = reached(entry)
    assert len(modules) > 3
    for path in modules:
        tree = ast.parse((PROJECT / path).read_text(), filename=path, feature_version=(3, 10))
        for_types = {
            inside
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inside in ast.walk(node)
        }
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {alias.name for node in imports if node not in for_types for alias in node.names}
        assert not names & NEWER, path
