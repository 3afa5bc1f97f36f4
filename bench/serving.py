"""How fast a served model starts and answers: our server beside the plainest one that could hold the same model.

Run     python -m bench.serving        about two minutes

The peer is Werkzeug's threaded server around the same model and the same reading of requests, as one would write it
without a framework. Both run as the laptop's endpoints do, in processes of their own, in turns; medians are printed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import urllib3
from rich.console import Console
from rich.table import Table

from greenlight.target import PROJECT

CONTAINER = PROJECT / "local/sagemaker/containers/tensorflow_inference.py"
SERVERS = {"ours (FastAPI, uvicorn)": [str(CONTAINER)], "peer (Werkzeug, threads)": ["-m", "bench.serving", "peer"]}
STARTS = 3
SECONDS = 4.0
CALLERS = 8
READY_SECONDS = 60.0
BODY = json.dumps({"instances": ["a short text to classify"]}).encode()


def main() -> None:
    """Measure both in turns and print them side by side."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        # In a process of its own, so that what measures holds no TensorFlow.
        command = [sys.executable, "-m", "bench.serving", "save", str(base / "model" / "1")]
        subprocess.run(command, cwd=PROJECT, check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
        starts: dict[str, list[float]] = {name: [] for name in SERVERS}
        one: dict[str, list[float]] = {name: [] for name in SERVERS}
        many: dict[str, list[float]] = {name: [] for name in SERVERS}
        for _ in range(STARTS):
            for name, server in SERVERS.items():
                began = time.monotonic()
                with running(server, base) as url:
                    starts[name].append(time.monotonic() - began)
                    one[name].append(answers_a_second(url, callers=1))
                    many[name].append(answers_a_second(url, callers=CALLERS))
    print_side_by_side(
        Console(),
        {
            "seconds from start to first answer": starts,
            "answers a second, one caller": one,
            f"answers a second, {CALLERS} callers": many,
        },
    )


def print_side_by_side(console: Console, measured: dict[str, dict[str, list[float]]]) -> None:
    """Medians and what ours is of the peer's."""
    ours, peer = SERVERS
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for column in (ours, peer, "ours / peer"):
        table.add_column(column, justify="right")
    for what, values in measured.items():
        left, right = median(values[ours]), median(values[peer])
        table.add_row(what, f"{left:.2f}", f"{right:.2f}", f"{left / right:.2f}")
    console.print(table)


@contextmanager
def running(server: list[str], base: Path) -> Iterator[str]:
    """A server that answers, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port)}
    command = [sys.executable, *server]
    child = subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        url = f"http://127.0.0.1:{port}"
        http, give_up_at = urllib3.PoolManager(retries=False), time.monotonic() + READY_SECONDS
        while True:
            try:
                http.request("GET", f"{url}/ping", timeout=READY_SECONDS)
                break
            except urllib3.exceptions.HTTPError:
                if time.monotonic() > give_up_at or child.poll() is not None:
                    raise
                time.sleep(0.01)
        yield url
    finally:
        child.terminate()
        child.wait()


def answers_a_second(url: str, *, callers: int) -> float:
    """Answers that callers get who ask again as soon as they are answered."""

    def ask(http: urllib3.PoolManager, until: float) -> int:
        answers = 0
        while time.monotonic() < until:
            answer = http.request(
                "POST", f"{url}/invocations", body=BODY, headers={"Content-Type": "application/json"}, timeout=10
            )
            if answer.status != 200:  # noqa: PLR2004 - an answer
                raise SystemExit(f"the server answered {answer.status}")
            answers += 1
        return answers

    began = time.monotonic()
    with ThreadPoolExecutor(callers) as pool:
        pools = [urllib3.PoolManager(retries=False) for _ in range(callers)]
        total = sum(pool.map(ask, pools, [began + SECONDS] * callers))
    return total / (time.monotonic() - began)


def save_model(folder: Path) -> None:
    """A model that costs next to nothing, so that the servers are what is measured."""
    import tensorflow as tf  # noqa: PLC0415 - only the process that saves needs it

    class Lengths(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])  # type: ignore[untyped-decorator]
        def serve(self, text: Any) -> Any:  # noqa: ANN401 - likewise
            length = tf.cast(tf.strings.length(text), tf.float32)
            return {"score": tf.stack([length, tf.zeros_like(length)], axis=1)}

    module = Lengths()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})


def serve_as_peer() -> None:
    """The peer."""
    import tensorflow as tf  # noqa: PLC0415 - only the peer's process needs it
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415
    from werkzeug.wrappers import Request, Response  # noqa: PLC0415

    from serving.saved_model import SavedModel, find_saved_model  # noqa: PLC0415
    from serving.tensorflow_requests import read_request, write_answer  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    model = SavedModel(find_saved_model(Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model"))

    class Quiet(WSGIRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Log nothing."""

    @Request.application
    def application(request: Request) -> Response:
        if request.path == "/ping":
            return Response()
        asked = read_request(request.get_data(), request.content_type or "")
        body, media_type = write_answer({"predictions": model.predict_rows(asked["instances"])}, "")
        return Response(body, content_type=media_type)

    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    make_server("127.0.0.1", port, application, threaded=True, request_handler=Quiet).serve_forever()


def run(arguments: Iterable[str]) -> None:
    """What this file is asked to be: the measurement, the peer, or what saves the model."""
    match list(arguments):
        case ["peer"]:
            serve_as_peer()
        case ["save", folder]:
            save_model(Path(folder))
        case _:
            main()


if __name__ == "__main__":
    run(sys.argv[1:])
