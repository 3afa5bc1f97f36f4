"""What a transform job does: a model is brought up as an endpoint's would be, and asked about every input object.

Source: SageMaker developer guide, "Use your own inference code with batch transform"; API reference, TransformInput,
TransformOutput, ModelClientConfig.
"""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from local.sagemaker.clients import Clients
from local.sagemaker.fleet import Fleet, FleetError
from local.sagemaker.job_folder import JobFolder
from local.sagemaker.jobs import TransformJob

LOG_GROUP = "/aws/sagemaker/TransformJobs"
MEGABYTE = 1024 * 1024
MAX_PAYLOAD_MB = 6
INVOCATION_TIMEOUT_SECONDS = 600
INVOCATION_RETRIES = 3
RETRY_DELAY_SECONDS = 1.0
SHOWN_CHARACTERS = 300


class TransformError(Exception):
    """A transform job cannot go on; the message is its FailureReason."""


class TransformWork:
    """One transform job from its inputs to its answers; `<input>.out` is stored as soon as an input is answered."""

    def __init__(self, job: TransformJob, folder: JobFolder, clients: Clients, fleet: Fleet) -> None:
        self._job = job
        self._folder = folder
        self._clients = clients
        self._fleet = fleet
        self._stopped = threading.Event()

    def run(self) -> None:
        """Do it all; raises TransformError, TransferError, RoleError or FleetError's cause in words."""
        inputs, outputs = self._folder.root / "input", self._folder.root / "output"
        request = self._job.request
        self._clients.transfers.download_prefix(
            request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"], inputs
        )
        try:
            try:
                self._fleet.start([self._job.variant])
            except FleetError as error:
                raise TransformError(
                    f"ClientError: The model could not be brought up: {error.__cause__ or error}"
                ) from error
            for file in sorted(path for path in inputs.rglob("*") if path.is_file()):
                name = f"{file.relative_to(inputs).as_posix()}.out"
                self._transform(file, outputs / name, name)
                where = f"{request['TransformOutput']['S3OutputPath'].rstrip('/')}/{name}"
                self._clients.transfers.upload_file(outputs / name, where)
        finally:
            self._fleet.stop()
            shutil.rmtree(self._fleet.folder.parent, ignore_errors=True)

    def interrupt(self) -> None:
        """Stop asking."""
        self._stopped.set()
        self._fleet.stop()

    def _transform(self, file: Path, output: Path, name: str) -> None:
        output.parent.mkdir(parents=True, exist_ok=True)
        end = b"\n" if self._job.request["TransformOutput"].get("AssembleWith") == "Line" else b""
        at_once = int(self._job.request.get("MaxConcurrentTransforms") or 1)
        with output.open("wb") as answers, ThreadPoolExecutor(at_once) as pool:
            for answer in in_order(
                pool, at_once, lambda body: self._ask(body, name), payloads(file, self._job.request)
            ):
                answers.write(answer + end)

    def _ask(self, body: bytes, name: str) -> bytes:
        config = self._job.request.get("ModelClientConfig") or {}
        timeout = float(config.get("InvocationsTimeoutInSeconds", INVOCATION_TIMEOUT_SECONDS))
        said = "no answer"
        for _attempt in range(1 + int(config.get("InvocationsMaxRetries", INVOCATION_RETRIES))):
            if self._stopped.is_set():
                break
            try:
                _variant, instance = self._fleet.choose(None)
                answer = instance.invoke(body, self._headers(), timeout)
            except urllib3.exceptions.HTTPError as error:
                said = f"no answer from algorithm: {type(error).__name__}"
                self._stopped.wait(RETRY_DELAY_SECONDS)
                continue
            if answer.status == HTTPStatus.OK:
                return answer.data
            said = f"Bad HTTP status received from algorithm: {answer.status}, {_start(answer.data)}"
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        raise TransformError(f"AlgorithmError: {name.removesuffix('.out')}: {said}")

    def _headers(self) -> dict[str, str]:
        source, target = self._job.request["TransformInput"], self._job.request["TransformOutput"]
        headers = {"Content-Type": source.get("ContentType"), "Accept": target.get("Accept")}
        return {name: value for name, value in headers.items() if value}


def batch_environment(request: dict[str, Any]) -> dict[str, str]:
    """What the model's containers are told of the job, beside the request's own Environment."""
    return {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(request.get("MaxPayloadInMB", MAX_PAYLOAD_MB)),
        "SAGEMAKER_BATCH_STRATEGY": str(request.get("BatchStrategy", "MultiRecord")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(request.get("MaxConcurrentTransforms") or 1),
        **(request.get("Environment") or {}),
    }


def payloads(file: Path, request: dict[str, Any]) -> Iterator[bytes]:
    """The bodies that are made of one input: the whole of it, each of its lines, or as many lines as fit.

    Raises TransformError when one is larger than MaxPayloadInMB.
    """
    megabytes = int(request.get("MaxPayloadInMB", MAX_PAYLOAD_MB))
    limit = megabytes * MEGABYTE or file.stat().st_size
    too_large = TransformError(f"ClientError: {file.name}: Too much data for max payload size, {megabytes} MB")
    if request["TransformInput"].get("SplitType", "None") == "None":
        if file.stat().st_size > limit:
            raise too_large
        yield file.read_bytes()
        return
    several = request.get("BatchStrategy", "MultiRecord") == "MultiRecord"
    gathered: list[bytes] = []
    with file.open("rb") as stream:
        while line := stream.readline(limit + 2):
            record = line.rstrip(b"\r\n")
            if len(record) > limit:
                raise too_large
            if not record:
                continue
            if gathered and (not several or sum(map(len, gathered)) + len(gathered) + len(record) > limit):
                yield b"\n".join(gathered)
                gathered = []
            gathered.append(record)
    if gathered:
        yield b"\n".join(gathered)


def in_order(
    pool: ThreadPoolExecutor, at_once: int, ask: Callable[[bytes], bytes], bodies: Iterable[bytes]
) -> Iterator[bytes]:
    """The answers in the order of the bodies, several asked at once and no more than that held."""
    waiting: deque[Future[bytes]] = deque()
    try:
        for body in bodies:
            if len(waiting) == at_once:
                yield waiting.popleft().result()
            waiting.append(pool.submit(ask, body))
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _start(body: bytes) -> str:
    return " ".join(body.decode(errors="replace").split())[:SHOWN_CHARACTERS]
