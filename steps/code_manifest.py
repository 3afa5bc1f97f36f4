"""The manifest of the container code: one digest for all of it, and one for each step's own part.

A step's part is its entry module and every own module that it imports, directly or through others, so that
a change in one rule does not train a model again.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

ENTRY_MODULES = {
    "preprocess": "steps.preprocess",
    "import_model": "training.import_model",
    "evaluate_model": "training.evaluate_model",
}


class CodeManifest(BaseModel):
    """`manifest.json` beside the published code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    steps: dict[str, str] = Field(description="Step with a fixed entry -> digest of the modules it runs.")
    scripts: dict[str, str] = Field(description="Path of a training script -> digest of the modules it runs.")
    recipes: list[str] = Field(description="Names of the recipes that came with the code.")


def build_manifest(files: Mapping[str, bytes]) -> CodeManifest:
    """Manifest of a source tree.

    files: path from the root with forward slashes -> content.
    Raises ValueError when an entry module is missing or a module is no valid Python.
    """
    modules = {_module_name(path): path for path in files if path.endswith(".py")}
    for step, entry in ENTRY_MODULES.items():
        if entry not in modules:
            raise ValueError(f"the container code lacks {entry}, the entry of {step}")
    scripts = [path for path in sorted(files) if PurePosixPath(path).match("training/*.py")]
    recipes = sorted(
        PurePosixPath(path).parts[1] for path in files if PurePosixPath(path).match("recipes/*/recipe.yaml")
    )
    return CodeManifest(
        digest=digest_files(files),
        steps={step: _digest_entry(entry, modules, files) for step, entry in ENTRY_MODULES.items()},
        scripts={path: _digest_entry(_module_name(path), modules, files) for path in scripts},
        recipes=recipes,
    )


def digest_files(files: Mapping[str, bytes]) -> str:
    """SHA-256 of paths and contents; the order in which they were read does not count."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{len(path)}:{path}:{len(files[path])}:".encode())
        whole.update(files[path])
    return whole.hexdigest()


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _digest_entry(entry: str, modules: Mapping[str, str], files: Mapping[str, bytes]) -> str:
    """Digest of an entry's own modules and of the dependencies that come with the code."""
    own = {modules[name] for name in _reachable(entry, modules, files)}
    libraries = ("lib/", "lib-py310/")
    return digest_files({path: content for path, content in files.items() if path in own or path.startswith(libraries)})


def _reachable(entry: str, modules: Mapping[str, str], files: Mapping[str, bytes]) -> set[str]:
    """The entry and every own module it imports, with the packages they lie in."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in found or name not in modules:
            continue
        found.add(name)
        waiting += [name.rpartition(".")[0], *_imports(files[modules[name]], modules[name])]
    return found


def _imports(source: bytes, path: str) -> list[str]:
    """Names that a module's import statements may mean: of `from a import b` both `a` and `a.b`."""
    try:
        tree = ast.parse(source, filename=path)
    except SyntaxError as error:
        raise ValueError(f"{path} is no valid Python: {error}") from error
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
