"""Kaggle's download of a competition's file, as its own client asks for it, behind a proxy on this machine.

The client is given nothing but the proxy's address and a certificate authority: it asks https://api.kaggle.com and
follows the answer to the storage that holds the file, and both are answered here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = ["api.kaggle.com", "storage.googleapis.com"]
DOWNLOAD = "/v1/competitions.CompetitionApiService/DownloadDataFile"


@dataclass
class KaggleSite:
    """What the site knows: one user's key, whether they accepted the rules, and its files."""

    username: str = "somebody"
    key: str = "secret-key"
    rules_accepted: bool = True
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    damaged: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def answer(self, authorization: str, body: dict[str, Any]) -> tuple[int, str]:
        """Status, and the address of the file or what is wrong."""
        self.asked.append(body)
        expected = base64.b64encode(f"{self.username}:{self.key}".encode()).decode()
        name = (body.get("competitionName", ""), body.get("fileName", ""))
        if authorization not in (f"Basic {expected}", f"Bearer {self.key}"):
            return 401, "Unauthorized"
        if name not in self.files:
            return 404, "Not found"
        if not self.rules_accepted:
            return 403, "You must accept this competition's rules before you'll be able to download files."
        return 302, f"https://storage.googleapis.com/kaggle-competitions-data/{name[0]}/{name[1]}?signed=1"


@contextmanager
def serve(site: KaggleSite, folder: Path) -> Iterator[KaggleSite]:
    """Answer until the end of the block; site.environment leads a client here."""
    context = _certificates(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response_only(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            self.close_connection = False

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, said = (
                site.answer(self.headers.get("Authorization", ""), body) if self.path == DOWNLOAD else (404, "")
            )
            if status == 302:
                self._answer(status, b"", {"Location": said})
            else:
                document = json.dumps({"code": status, "message": said}).encode()
                self._answer(status, document, {"Content-Type": "application/json"})

        def do_GET(self) -> None:
            competition, file = self.path.partition("?")[0].removeprefix("/kaggle-competitions-data/").split("/", 1)
            body = site.files[(competition, file)]
            digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
            headers = {"x-goog-hash": f"md5={digest}", "Content-Type": "text/csv"}
            self._answer(200, body[:-1] + b"!" if site.damaged else body, headers)

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Tests stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.environment = {
        "HTTPS_PROXY": f"http://127.0.0.1:{server.server_port}",
        "https_proxy": f"http://127.0.0.1:{server.server_port}",
        "REQUESTS_CA_BUNDLE": str(folder / "authority.pem"),
        "NO_PROXY": "127.0.0.1",
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificates(folder: Path) -> ssl.SSLContext:
    """A certificate for both hosts, which is its own authority for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "authority.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "authority.pem", folder / "key.pem")
    return context
