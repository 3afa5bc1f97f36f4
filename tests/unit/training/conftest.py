"""A BERT encoder small enough to be made up in a moment, in the format that real ones are published in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

WIDTH, INNER, LAYERS, HEADS, POSITIONS = 8, 16, 2, 2, 16
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    *("a", "good", "bad", "film", "the", "un", "##able", "##afford", "!", "movie", "##s"),
]


class Weights:
    """A folder of made-up weights, and its tensors to change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: dict[str, object] = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "vocab_size": len(VOCABULARY),
            "hidden_size": WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "intermediate_size": INNER,
            "max_position_embeddings": POSITIONS,
            "layer_norm_eps": 1e-12,
        }
        chance = np.random.default_rng(3)
        shapes: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
            "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
            "embeddings.token_type_embeddings.weight": (2, WIDTH),
            **_norm("embeddings.LayerNorm"),
            # The pooler of published files is not used.
            "pooler.dense.weight": (WIDTH, WIDTH),
        }
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            for kind in ("self.query", "self.key", "self.value", "output.dense"):
                shapes |= _dense(f"{layer}.attention.{kind}", WIDTH, WIDTH)
            shapes |= _norm(f"{layer}.attention.output.LayerNorm")
            shapes |= _dense(f"{layer}.intermediate.dense", INNER, WIDTH)
            shapes |= _dense(f"{layer}.output.dense", WIDTH, INNER) | _norm(f"{layer}.output.LayerNorm")
        self.tensors = {name: chance.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        self.write()

    def write(self) -> Path:
        """Write the folder as things are now."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(self.config))
        (self.folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
        save_file(self.tensors, self.folder / "model.safetensors")
        return self.folder


def _dense(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    return Weights(tmp_path / "weights")
