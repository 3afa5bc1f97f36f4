"""Serve one released model.

Reads   --card FILE    the version's model_card.json: a path, or s3://bucket/key
        --model FILE   its model.tar.gz, or a folder that it was unpacked to; where the card says it lies if left out
        CARD_URI, MODEL_URI, SERVE_HOST, SERVE_PORT, GREENLIGHT_OPEN=1   the same for who sets no arguments
        GREENLIGHT_API_KEY_SHA256, GREENLIGHT_API_KEY_SHA256_FILE   digests of the keys that let callers in
Serves  on 127.0.0.1:8080 until SIGTERM or SIGINT
Run     python -m serving --card model_card.json --model model.tar.gz

Ends with 0 when it was stopped or --check found nothing wrong, 2 when what it was given cannot be served.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from serving.access import AccessError, is_loopback, read_keys, require_protection
from serving.app import Options, create_app
from serving.listening import AddressError, listen, take_port
from serving.model import Model
from serving.quiet import quiet
from serving.source import SourceError, load_verified, read_card, require_answers
from steps.model_card import ModelCard

# ECS waits 30 seconds before it kills.
GRACE_SECONDS = 25
WRONG_USE = 2

logger = logging.getLogger("serving")


def read_arguments(argv: Sequence[str] | None, environment: Mapping[str, str]) -> argparse.Namespace:
    """What shall be served where."""
    parser = argparse.ArgumentParser(prog="python -m serving", description="Serve one released model.")
    parser.add_argument(
        "--card", default=environment.get("CARD_URI"), help="model_card.json: a path or s3://bucket/key"
    )
    parser.add_argument("--model", default=environment.get("MODEL_URI"), help="model.tar.gz, or a folder")
    parser.add_argument("--host", default=environment.get("SERVE_HOST", "127.0.0.1"), help="address to listen at")
    port = environment.get("SERVE_PORT", "8080")
    parser.add_argument("--port", default=port, type=int, help="port to listen at; 0 for any that is free")
    parser.add_argument(
        "--open",
        action="store_true",
        default=environment.get("GREENLIGHT_OPEN") == "1",
        help="let others ask without a key",
    )
    parser.add_argument("--check", action="store_true", help="load, verify and ask the model, then end")
    parser.add_argument("--json", action="store_true", help="tell address and version as one line of JSON")
    arguments = parser.parse_args(argv)
    if not arguments.card:
        parser.error("--card (or CARD_URI) is needed: the model_card.json of the version to serve")
    return arguments


def main(argv: Sequence[str] | None = None) -> None:
    """Load the model, then answer."""
    arguments = read_arguments(argv, os.environ)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # What was begun in the temporary folder is removed on the way out, also while the model is still loading.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="greenlight-serving-") as folder:
            if arguments.check:
                load(arguments, Path(folder))
            else:
                serve(arguments, Path(folder))
    except (AccessError, AddressError, SourceError) as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(WRONG_USE)


def load(arguments: argparse.Namespace, folder: Path) -> tuple[Model, ModelCard]:
    """A model that answers, and its card; raises SourceError."""
    card = read_card(arguments.card, folder, _download)
    logger.info("loading version %s of %s", card.model_version, card.recipe)
    with quiet():
        model = load_verified(arguments.model or card.model_data_uri, card, folder, _download)
        require_answers(model, card)
    return model, card


def serve(arguments: argparse.Namespace, folder: Path) -> None:
    """Answer until a signal comes; raises AccessError, AddressError or SourceError."""
    keys = read_keys(os.environ)
    require_protection(arguments.host, keys, is_open=arguments.open)
    # Before the model is loaded, which takes seconds: a port that is taken is told at once.
    with take_port(arguments.host, arguments.port) as bound:
        model, card = load(arguments, folder)
        app = create_app(model, card, Options(keys=keys, is_loopback=is_loopback(arguments.host)))
        listen(app, bound, grace_seconds=GRACE_SECONDS, ready=lambda: _tell(card, bound, as_json=arguments.json))


def _download(uri: str, target: Path) -> None:
    from serving.s3 import download  # noqa: PLC0415 - a model of this machine needs no AWS

    download(uri, target)


def _tell(card: ModelCard, bound: socket.socket, *, as_json: bool) -> None:
    host, port = bound.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if as_json:
        line = json.dumps({"url": url, "recipe": card.recipe, "model_version": card.model_version})
    else:
        line = f"Version {card.model_version} of {card.recipe} answers at {url} (Ctrl-C stops it)"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
