from __future__ import annotations

import hashlib
import json
import shutil
import signal
import socket
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.serving.conftest import END_SECONDS, Released, Server, Start, write_card

TIMEOUT = 30
Serving = Callable[..., Any]


@pytest.fixture(scope="module")
def server(serving: Serving, text_model: Released) -> Iterator[Server]:
    with serving(text_model) as server:
        yield server


def test_it_answers_programs_and_sagemaker(server: Server) -> None:
    answer = requests.post(f"{server.url}/predictions", json={"instances": ["12345678", 1]}, timeout=TIMEOUT)
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["label"] == "positive"
    assert answer.json()["predictions"][0]["probability"] == pytest.approx(0.8)
    assert [error["index"] for error in answer.json()["errors"]] == [1]
    assert answer.json()["model_version"] == "7"
    assert requests.get(f"{server.url}/health", timeout=TIMEOUT).json()["status"] == "ok"
    assert requests.get(f"{server.url}/ping", timeout=TIMEOUT).status_code == 200
    hosted = requests.post(f"{server.url}/invocations", json={"inputs": ["12345"]}, timeout=TIMEOUT)
    assert hosted.json() == {"outputs": [[0.5, 0.5]]}


STRANGE: list[Any] = [
    "",
    "\x00",
    "\ud800",
    "😀" * 100,
    1e308,
    -(2**70),
    True,
    None,
    {"b64": "eA=="},
    [[]],
    {"text": {}},
]


def test_a_real_model_never_fails_on_strange_rows(server: Server) -> None:
    with requests.Session() as session:
        for path, row in product(("/predictions", "/invocations"), STRANGE):
            for document in ({"instances": [row]}, {"instances": ["a", row]}, {"inputs": row}, row):
                body, headers = json.dumps(document), {"content-type": "application/json"}
                answer = session.post(server.url + path, data=body, headers=headers, timeout=TIMEOUT)
                assert answer.status_code < 500, (path, document, answer.text)


def test_many_callers_are_answered_at_once(server: Server) -> None:
    def ask(length: int) -> Any:
        row = "x" * length
        return requests.post(f"{server.url}/predictions", json={"instances": [row]}, timeout=TIMEOUT).json()

    lengths = [1 + number % 10 for number in range(80)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, lengths))
    shares = [answer["predictions"][0]["probabilities"]["positive"] for answer in answers]
    assert shares == pytest.approx([length / 10 for length in lengths])


def test_with_a_key_others_may_reach_it_and_it_stops_after_the_request_under_way(
    serving: Serving, text_model: Released, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"key").hexdigest()
    everywhere = "0.0.0.0"  # noqa: S104 - the point
    with serving(text_model, "--host", everywhere, GREENLIGHT_API_KEY_SHA256=digest, TMPDIR=str(tmp_path)) as server:
        url = server.url.replace(everywhere, "127.0.0.1")
        assert requests.get(f"{url}/model", timeout=TIMEOUT).status_code == 401
        assert requests.get(f"{url}/model", headers={"x-api-key": "key"}, timeout=TIMEOUT).status_code == 200
        place = urlsplit(url)
        body = json.dumps({"instances": ["a secret row"]}).encode()
        headers = [f"Host: {place.netloc}", "Content-Type: application/json", "X-Api-Key: key"]
        head = "\r\n".join(["POST /predictions HTTP/1.1", *headers, f"Content-Length: {len(body)}", "\r\n"]).encode()
        with socket.create_connection((place.hostname, place.port), timeout=TIMEOUT) as connection:
            connection.sendall(head + body[:10])
            # Answered after the half request has come in, so the server knows of both.
            assert requests.get(f"{url}/health", timeout=TIMEOUT).status_code == 200
            server.process.send_signal(signal.SIGTERM)
            connection.sendall(body[10:])
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        _, errors = server.process.communicate(timeout=END_SECONDS)
        assert server.process.returncode == 0, errors
    assert '"route": "/predictions", "status": 200' in errors
    assert "secret" not in errors
    assert list(tmp_path.glob("greenlight-serving-*")) == []


def refused(start: Start, *arguments: str, **environment: str) -> str:
    """What a server says that does not start."""
    process = start(*arguments, **environment)
    try:
        output, errors = process.communicate(timeout=120)
    except BaseException:
        process.kill()
        raise
    assert (process.returncode, output) == (2, ""), errors
    assert "Traceback" not in errors
    return errors


def test_it_is_not_open_to_others_by_accident(start: Start, text_model: Released) -> None:
    said = refused(start, "--card", str(text_model.card), "--host", "0.0.0.0")  # noqa: S104 - what is refused
    assert "others could ask this server without a key" in said


def test_a_taken_port_is_named_at_once(start: Start, text_model: Released) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused(start, "--card", str(text_model.card), "--port", port)
    assert f"port {port} is taken by another program" in said
    assert "70000 is no port" in refused(start, "--card", str(text_model.card), "--port", "70000")


def test_what_cannot_be_served_is_named(start: Start, text_model: Released, tmp_path: Path) -> None:
    card = str(text_model.card)
    assert "--card" in refused(start)
    assert "there is no file" in refused(start, "--card", str(tmp_path / "none.json"), "--port", "0")
    # The base model was once fetched at start-up by others; here whatever is not the released archive ends the start.
    assert "there is no file" in refused(start, "--card", card, "--model", str(tmp_path / "none"), "--port", "0")
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(text_model.archive.read_bytes()[:-100])
    said = refused(start, "--card", card, "--model", str(broken), "--port", "0")
    assert "is not what was released: its SHA-256 is" in said
    card_of_broken = write_card(tmp_path, broken)
    said = refused(start, "--card", str(card_of_broken), "--model", str(broken), "--port", "0")
    assert "the archive cannot be unpacked" in said


def test_a_model_that_cannot_be_loaded_or_does_not_answer_is_named(
    start: Start, text_model: Released, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.tar.gz"
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"no model")
    with tarfile.open(empty, "w:gz") as tar:
        tar.add(tmp_path / "1", "1")
    said = refused(start, "--card", str(write_card(tmp_path, empty)), "--model", str(empty), "--port", "0")
    assert "cannot be loaded" in said
    shutil.rmtree(tmp_path / "1")
    with tarfile.open(text_model.archive) as tar:
        tar.extractall(tmp_path, filter="data")
    three = write_card(tmp_path, empty, class_names=["a", "b", "c"], task="multi_class")
    said = refused(start, "--card", str(three), "--model", str(tmp_path), "--port", "0")
    assert "does not answer the examples of its card: The model gave no probabilities of a, b, c" in said
