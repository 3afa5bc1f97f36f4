"""`greenlight serve`: a released version on this machine, asked and stopped."""

from __future__ import annotations

import json
import signal
import socket
from typing import Any

import requests

from tests.local.conftest import Answer, Laptop

TIMEOUT = 30
END_SECONDS = 30


def ended(laptop: Laptop, *arguments: str) -> tuple[int, str]:
    """Exit code and last words of a server that does not start."""
    process = laptop.start("serve", *arguments)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_the_live_version_is_served_here_as_it_is_by_its_endpoint(
    laptop: Laptop, first_release: Answer, unused_port: int
) -> None:
    assert first_release.code == 0, first_release.errors
    text = "A warm and funny film with a wonderful cast."
    by_api = laptop.call("predict", "review-snippets", text).document
    process = laptop.start("serve", "review-snippets", "--port", str(unused_port), "--json")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told: dict[str, Any] = json.loads(line)
        url = f"http://127.0.0.1:{unused_port}"
        assert told == {"url": url, "recipe": "review-snippets", "model_version": by_api["model_version"]}
        here = requests.post(f"{url}/predictions", json={"instances": [text]}, timeout=TIMEOUT).json()
        assert here["predictions"][0]["label"] == by_api["predictions"][0]["label"]
        assert round(here["predictions"][0]["probability"], 4) == round(by_api["predictions"][0]["probability"], 4)
        assert here["model_version"] == by_api["model_version"]
        assert requests.get(f"{url}/model", timeout=TIMEOUT).json()["metrics"]["accuracy"] > 0.5
        code, errors = ended(laptop, "review-snippets", "--port", str(unused_port))
        assert (code, f"port {unused_port} is taken" in errors) == (2, True)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert text not in errors
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", unused_port))


def test_what_cannot_be_served_ends_with_a_sentence(laptop: Laptop, first_release: Answer, tmp_path: Any) -> None:
    assert first_release.code == 0, first_release.errors
    broken = tmp_path / "model.tar.gz"
    broken.write_bytes(b"broken")
    for arguments, sentence in (
        (["no-such-recipe"], "nor is there such a recipe; there are:"),
        (["review-snippets", "--version", "99"], "there is no version 99 of review-snippets"),
        (["review-snippets", "--model", str(broken)], "is not version"),
        (["review-snippets", "--host", "0.0.0.0"], "others could ask this server without a key"),  # noqa: S104 - refused
    ):
        code, errors = ended(laptop, *arguments)
        assert (code, sentence in errors) == (2, True), errors


def test_fargate_is_given_the_live_version(laptop: Laptop, first_release: Answer) -> None:
    assert first_release.code == 0, first_release.errors
    given = laptop.call("serve", "review-snippets", "--print-fargate-parameters").document
    assert given["ServeRecipe"] == "review-snippets"
    s3 = laptop.client("s3")
    for name in ("ServeCardUri", "ServeModelUri"):
        bucket, _, key = given[name].removeprefix("s3://").partition("/")
        assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0
