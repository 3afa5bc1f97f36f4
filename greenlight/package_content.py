"""What goes into the packages that templates point at: the project's own files, and libraries as they are locked.

`sam build` runs this file through the Makefile with whatever Python 3.11 or newer a host has, so it needs nothing
beside the standard library and, for libraries, pip. `greenlight deploy` takes its files by the same rule.

Reads   infra/sam/*.yaml, and the folders that `Metadata: Package` lists there
Writes  the target folder
Run     python greenlight/package_content.py copy PublishCodeFunction TARGET
        python greenlight/package_content.py install lambdas/requirements.txt TARGET --machine aarch64
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# A lock says which libraries a package needs; what it holds is the libraries.
LEFT_OUT = {"__pycache__", "node_modules", "requirements.txt", "requirements-py310.txt"}
# Lambda's runtime and the TensorFlow image are Python 3.12 on Linux, the scikit-learn image is 3.10; all of them have
# glibc 2.28 or newer.
PYTHONS = ("3.12", "3.10")
PLATFORMS = ("manylinux2014", "manylinux_2_28")
INSTALL_SECONDS = 600
UNUSED = (
    "bin",
    # What pip notes about an installation says where and how, so that it differs from host to host.
    *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")),
    "**/__pycache__",
    "**/tests",
    "**/*.c",
    # The safe loader is the one in Python.
    "yaml/_yaml.*.so",
    # A page about an API, which no function serves.
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.min.*",
)


class PackageError(Exception):
    """A package cannot be made; the message says why, and what to do."""


def files_below(folder: Path, chosen: Iterable[str] | None) -> dict[str, Path]:
    """What a package holds: path inside it, with forward slashes -> file.

    chosen: files and folders below folder; everything in it when None
    Raises FileNotFoundError for one that does not exist.
    """
    roots = [folder] if chosen is None else [folder / name for name in chosen]
    files = {file.relative_to(folder).as_posix(): file for root in roots for file in _walk(root)}
    return {name: files[name] for name in sorted(files)}


def _walk(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    # Lists the folder first, so that one that does not exist is an error.
    for entry in sorted(root.iterdir()):
        if entry.name.startswith(".") or entry.name in LEFT_OUT or entry.name.endswith((".pyc", ".egg-info")):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.is_file():
            yield entry


def package_of(logical_id: str, templates: Iterable[Path]) -> list[str]:
    """The list at `Metadata: Package` of a resource, which a template writes on one line: `Package: [lambdas, steps]`.

    The standard library has no YAML; a test compares this with what YAML says of every resource.
    Raises PackageError when no template, or more than one, has such a line for the resource.
    """
    block = re.compile(rf"^  {re.escape(logical_id)}:\n(?P<body>(?:(?: {{4}}.*)?\n)+)", re.MULTILINE)
    line = re.compile(r"^ {4}Metadata:\n(?: {6}.*\n)*? {6}Package: \[(?P<names>[^\]]*)\]", re.MULTILINE)
    found = [
        listed["names"]
        for template in templates
        for resource in block.finditer(template.read_text(encoding="utf-8"))
        if (listed := line.search(resource["body"]))
    ]
    if len(found) != 1:
        raise PackageError(
            f"{logical_id}: {len(found)} resources of this name in infra/sam have `Package: [folder, …]` on one line "
            "in their Metadata; there must be exactly one"
        )
    return [name.strip() for name in found[0].split(",") if name.strip()]


def copy(files: dict[str, Path], target: Path) -> None:
    """Copy files into a folder, without their times and rights, which are the host's and not the source's."""
    for name, file in files.items():
        copied = target / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copied)


def install(requirements: Path, target: Path, machine: str, python: str = PYTHONS[0]) -> None:
    """Unpack the wheels of a locked requirements file for Lambda or a container, whatever this host is.

    machine: aarch64 or x86_64;  python: its version there
    Raises PackageError with pip's own words when it fails.
    """
    if importlib.util.find_spec("pip") is None:
        raise PackageError(
            f"{sys.executable} has no pip, which unpacks the libraries of {requirements.name}. Install it (on Debian: "
            "apt install python3-pip), or name another Python: PYTHON=/path/to/python3 sam build"
        )
    platforms = [argument for name in PLATFORMS for argument in ("--platform", f"{name}_{machine}")]
    command = [
        *(sys.executable, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--requirement", str(requirements), "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"),
        *("--implementation", "cp", "--python-version", python, *platforms, "--target", str(target)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603 - pip, with our own arguments
    except subprocess.TimeoutExpired as error:
        raise PackageError(
            f"pip was not done with {requirements} after {INSTALL_SECONDS} s; is the network there?"
        ) from error
    if done.returncode != 0:
        raise PackageError(f"pip cannot unpack the libraries of {requirements} for {machine}:\n{done.stderr.strip()}")
    _strip(target)


def _strip(target: Path) -> None:
    """Remove what nobody imports."""
    for pattern in UNUSED:
        for found in list(target.glob(pattern)):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink()


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    copying = commands.add_parser("copy", help="the project's own files of one function or layer")
    copying.add_argument("logical_id")
    copying.add_argument("target", type=Path)
    installing = commands.add_parser("install", help="libraries from a locked requirements file")
    installing.add_argument("requirements", type=Path)
    installing.add_argument("target", type=Path)
    installing.add_argument("--machine", required=True, choices=["aarch64", "x86_64"])
    installing.add_argument("--python", default=PYTHONS[0], choices=PYTHONS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill one package."""
    given = parse_arguments(arguments)
    try:
        if given.command == "copy":
            chosen = package_of(given.logical_id, sorted((PROJECT / "infra/sam").glob("*.yaml")))
            copy(files_below(PROJECT, chosen), given.target)
        else:
            install(given.requirements, given.target, given.machine, given.python)
    except (PackageError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
