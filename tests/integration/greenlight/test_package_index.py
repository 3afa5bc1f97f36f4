"""Source distributions from an index, as pip is configured for it, taken as plain files."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from greenlight.datasets import package_rows
from greenlight.errors import FaultError
from greenlight.package_index import source_distribution
from steps.recipe_sections.data import PackageSource

NAME = "Some_Names"
FILE = "some_names-0.1.0.tar.gz"
CSV = "Name,kind\nZoë,a\nBo,b\n"


def distribution(folder: Path) -> bytes:
    """One whose setup would leave a trace if anybody ran it."""
    packed = io.BytesIO()
    setup = f"import pathlib; pathlib.Path({str(folder / 'was-run')!r}).touch()\nfrom setuptools import setup; setup()"
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in {"setup.py": setup, "names/data.csv": CSV}.items():
            member = tarfile.TarInfo(f"some_names-0.1.0/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


class Index:
    """An index on this machine; `form` is what its pages are written in."""

    def __init__(self, body: bytes) -> None:
        self.body, self.digest = body, hashlib.sha256(body).hexdigest()
        self.form = "html"
        self.asked: list[str] = []

    def page(self) -> tuple[str, bytes]:
        link = f"../../files/{FILE}"
        if self.form == "json":
            files = [{"filename": FILE, "url": link, "hashes": {"sha256": self.digest}}]
            return "application/vnd.pypi.simple.v1+json", json.dumps({"files": files}).encode()
        return "text/html", f'<a data-x="1" href="{link}#sha256={self.digest}">{FILE}</a>'.encode()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    site = Index(distribution(tmp_path))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            if self.path == "/simple/some-names/":
                kind, body = site.page()
            elif self.path == f"/files/{FILE}":
                kind, body = "application/gzip", site.body
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Tests stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("form", ["html", "json"])
def test_the_file_with_the_hash_is_taken_and_nothing_of_it_is_run(index: Index, tmp_path: Path, form: str) -> None:
    index.form = form
    source = PackageSource(
        package=f"{NAME}==0.1.0", sha256=index.digest, file="some_names-0.1.0/names/data.csv", where={"kind": "a"}
    )
    rows = package_rows(source, tmp_path / "cache", note=lambda _words: None)
    assert rows.read_text() == "Name,kind\nZoë,a\n"
    assert index.asked == ["/simple/some-names/", f"/files/{FILE}"]
    assert not (tmp_path / "was-run").exists()


def test_a_file_that_is_not_in_the_archive_is_named(index: Index, tmp_path: Path) -> None:
    source = PackageSource(package=f"{NAME}==0.1.0", sha256=index.digest, file="some_names-0.1.0/names")
    with pytest.raises(FaultError, match=r"holds no file some_names-0\.1\.0/names"):
        package_rows(source, tmp_path / "cache", note=lambda _words: None)


def test_another_file_under_the_same_hash_is_thrown_away(index: Index, tmp_path: Path) -> None:
    index.body += b"!"
    with pytest.raises(FaultError, match="has another SHA-256 than the recipe names"):
        source_distribution(f"{NAME}==0.1.0", index.digest, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_a_hash_that_no_page_knows_is_left_to_pip(index: Index, tmp_path: Path) -> None:
    assert source_distribution(f"{NAME}==0.1.0", "0" * 64, tmp_path) is None
    assert source_distribution("nothing-of-that-name==1.0", index.digest, tmp_path) is None
