"""How a transform job cuts its inputs, and the order of what comes back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.sagemaker.transform_work import TransformError, batch_environment, in_order, payloads


def cut(folder: Path, body: bytes, **request: Any) -> list[bytes]:
    file = folder / "part.jsonl"
    file.write_bytes(body)
    split = request.pop("SplitType", "Line")
    return list(payloads(file, {"TransformInput": {"SplitType": split}, **request}))


def test_a_file_is_one_body_or_one_for_each_line_or_as_many_lines_as_fit(tmp_path: Path) -> None:
    lines = b"one\ntwo\r\n\nthree"
    assert cut(tmp_path, lines, SplitType="None") == [lines]
    assert cut(tmp_path, lines, BatchStrategy="SingleRecord") == [b"one", b"two", b"three"]
    assert cut(tmp_path, lines, BatchStrategy="MultiRecord") == cut(tmp_path, lines) == [b"one\ntwo\nthree"]
    long = [b"x" * 400_000] * 5
    assert cut(tmp_path, b"\n".join(long), MaxPayloadInMB=1) == [b"\n".join(long[:2])] * 2 + [long[0]]
    assert cut(tmp_path, b"\n".join(long), MaxPayloadInMB=0) == [b"\n".join(long)]


@pytest.mark.parametrize("split", ["None", "Line"])
def test_what_is_larger_than_a_payload_is_refused(tmp_path: Path, split: str) -> None:
    with pytest.raises(TransformError, match=r"part.jsonl: Too much data for max payload size, 1 MB"):
        cut(tmp_path, b"x" * (1024 * 1024 + 1), SplitType=split, MaxPayloadInMB=1)


def test_answers_keep_the_order_of_the_bodies_and_no_more_are_asked_than_allowed() -> None:
    asked, most = [0], [0]
    lock, second_ended = threading.Lock(), threading.Event()

    def ask(body: bytes) -> bytes:
        with lock:
            asked[0] += 1
            most[0] = max(most[0], asked[0])
        if body == b"0":
            assert second_ended.wait(10)
        with lock:
            asked[0] -= 1
        if body == b"1":
            second_ended.set()
        return body * 2

    with ThreadPoolExecutor(2) as pool:
        answers = list(in_order(pool, 2, ask, (str(number).encode() for number in range(9))))
    assert answers == [str(number).encode() * 2 for number in range(9)]
    assert most[0] == 2


def test_the_container_is_told_of_the_batch() -> None:
    assert batch_environment({"MaxPayloadInMB": 3, "Environment": {"MINE": "1"}}) == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "3",
        "SAGEMAKER_BATCH_STRATEGY": "MultiRecord",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "1",
        "MINE": "1",
    }
