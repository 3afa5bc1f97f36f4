"""A real server in a process of its own, around real archives."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steps.model_card import ModelCard, ModelInput

PROJECT = Path(__file__).parents[3]
END_SECONDS = 30


@dataclass(frozen=True)
class Released:
    """A version's archive and card."""

    archive: Path
    card: Path


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    process: subprocess.Popen[str]


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A SavedModel that finds a text the more positive the longer it is, up to ten bytes."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load; only these tests need it

    class Lengths(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])  # type: ignore[untyped-decorator]
        def serve(self, text: Any) -> Any:
            share = tf.minimum(tf.cast(tf.strings.length(text), tf.float32), 10.0) / 10.0
            return {"probabilities": tf.stack([1.0 - share, share], axis=1)}

    folder = tmp_path_factory.mktemp("text")
    module = Lengths()
    tf.saved_model.save(module, str(folder / "1"), signatures={"serving_default": module.serve})
    archive = folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "1", "1")
    return Released(archive, write_card(folder, archive))


def write_card(folder: Path, archive: Path, **changes: Any) -> Path:
    """The card of an archive."""
    card = ModelCard(
        recipe="reviews",
        description="Is a review positive?",
        task="binary",
        class_names=["negative", "positive"],
        input=ModelInput(text_column="text", features=None, max_text_characters=100),
        examples=["a good film"],
        model_version="7",
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/greenlight-reviews/7",
        model_data_uri="s3://bucket/runs/r/model.tar.gz",
        model_digest=hashlib.sha256(archive.read_bytes()).hexdigest(),
        run_id="reviews-20260302-090000-ab12",
        released_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        metrics={"accuracy": 0.8},
        test_rows=100,
        training_rows=800,
        data_digest="2" * 64,
        recipe_digest="3" * 64,
        code_digest="4" * 64,
        approval="Approved by one person.",
    )
    file = folder / "model_card.json"
    file.write_text(card.model_copy(update=changes).model_dump_json())
    return file


@pytest.fixture(scope="session")
def start() -> Start:
    """Starts `python -m serving`, with nothing but what is given in its environment."""

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        outside = {name: os.environ[name] for name in ("PATH", "TMPDIR", "HOME") if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "serving", *arguments],
            env={**outside, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def serving(start: Start) -> Callable[..., Any]:
    """A server on a free port, once it says that it answers; killed if the test has not stopped it."""

    @contextmanager
    def serving(released: Released, *arguments: str, **environment: str) -> Iterator[Server]:
        process = start(
            *("--card", str(released.card), "--model", str(released.archive), "--port", "0", "--json", *arguments),
            **environment,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield Server(json.loads(line)["url"], process)
        finally:
            process.terminate()
            process.communicate(timeout=END_SECONDS)

    return serving
