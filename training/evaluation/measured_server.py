"""How fast a model answers and how large it is, in the server of `serving/`: a process of its own, asked over HTTP.

Each request holds one row, and the next is sent when its answer has come, on one connection on loopback.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from steps.evaluation_report import ServingMeasurement
from steps.model_card import ModelCard, model_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steps.answers import Row
    from steps.recipe import Recipe
    from training.evaluation.asked_model import AskedModel

logger = logging.getLogger("evaluate")

CODE = Path(__file__).parents[2]
# What the server is made of; an image that trains may lack it.
SERVER_LIBRARIES = ("fastapi", "uvicorn", "jinja2")
REQUESTS = 100
WARM_UP_REQUESTS = 5
# A slow model is asked less often.
ASKING_SECONDS = 30
START_SECONDS = 300
STOP_SECONDS = 30
ANSWER_SECONDS = 60
# A key that its user has set for another server would shut this one.
_KEYS = "GREENLIGHT_API_KEY"


class ServerError(Exception):
    """The server did not answer; the message says why."""


class Server:
    """A process that loads a model and then answers."""

    def __init__(self, process: subprocess.Popen[bytes], told: Path, log: Path) -> None:
        """told: what it writes once it answers;  log: everything else that it writes."""
        self._process, self._told, self._log = process, told, log

    def address(self) -> tuple[str, int]:
        """Host and port, once it answers; raises ServerError when it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (line := self._told.read_text(encoding="utf-8")).endswith("\n"):
                host, port = json.loads(line)["url"].removeprefix("http://").rsplit(":", 1)
                return host, int(port)
            if self._process.poll() is not None:
                last = self._log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
                raise ServerError(f"it ended with {self._process.returncode}: {last}")
            time.sleep(0.05)
        raise ServerError(f"it did not answer within {START_SECONDS} s")

    def latencies_ms(self, rows: Sequence[Row]) -> list[float]:
        """Milliseconds of each row's answer, some at first not counted; raises ServerError."""
        connection = http.client.HTTPConnection(*self.address(), timeout=ANSWER_SECONDS)
        try:
            for row in rows[:WARM_UP_REQUESTS]:
                _ask(connection, row)
            started = time.monotonic()
            found: list[float] = []
            for row in rows:
                found.append(_ask(connection, row))
                if time.monotonic() - started > ASKING_SECONDS:
                    break
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"it stopped answering: {type(error).__name__}: {error}") from error
        finally:
            connection.close()
        return found


@contextmanager
def serve(folder: Path, recipe: Recipe) -> Iterator[Server | None]:
    """The server of what was unpacked into a folder, loading while its user goes on; None where it cannot run.

    It ends with the block.
    """
    missing = [name for name in SERVER_LIBRARIES if find_spec(name) is None]
    if missing:
        logger.warning("speed and size are not measured: this image lacks %s", " and ".join(missing))
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="greenlight-measured-") as scratch:
        card, told, log = (Path(scratch) / name for name in ("model_card.json", "told", "log"))
        card.write_text(_card(recipe).model_dump_json(), encoding="utf-8")
        command = [sys.executable, "-m", "serving", "--card", str(card), "--model", str(folder)]
        with told.open("wb") as out, log.open("wb") as err:
            process = subprocess.Popen(  # noqa: S603 - the project's own server
                [*command, "--host", "127.0.0.1", "--port", "0", "--json"],
                cwd=CODE,
                env={name: value for name, value in os.environ.items() if not name.startswith(_KEYS)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        try:
            yield Server(process, told, log)
        finally:
            _stop(process)


def measure_server(model: AskedModel, rows: Sequence[Row]) -> ServingMeasurement | None:
    """Speed and size of one model; None when its server does not answer, with the reason in the log.

    rows: some that the model reads, REQUESTS at most
    """
    if model.server is None:
        return None
    try:
        found = model.server.latencies_ms(rows)
    except ServerError as error:
        logger.warning("speed and size are not measured, since the model's server failed: %s", error)
        return None
    p50, p95, p99 = np.percentile(found, [50, 95, 99]).tolist()
    return ServingMeasurement(
        requests=len(found),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        archive_bytes=model.archive.stat().st_size,
        unpacked_bytes=sum(file.stat().st_size for file in model.folder.rglob("*") if file.is_file()),
    )


def _ask(connection: http.client.HTTPConnection, row: Row) -> float:
    """Milliseconds of one answer, as SageMaker hosting asks for it; raises ServerError when there is none."""
    body = json.dumps({"instances": [row]})
    started = time.perf_counter()
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    if response.status != http.client.OK:
        raise ServerError(f"it answered a test row with status {response.status}")
    return milliseconds


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _card(recipe: Recipe) -> ModelCard:
    """What the server is told of a model that has no version yet."""
    return ModelCard(
        recipe=recipe.name,
        description=recipe.description,
        task=recipe.task,
        class_names=recipe.data.class_names,
        input=model_input(recipe),
        model_version="0",
        model_package_arn="",
        model_data_uri="",
        model_digest="",
        run_id="",
        released_at=datetime.now(tz=timezone.utc),  # noqa: UP017 - Python 3.10 knows no UTC
        metrics={},
        test_rows=0,
        training_rows=0,
        data_digest="",
        recipe_digest="",
        code_digest="",
        approval="",
    )
