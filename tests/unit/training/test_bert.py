"""The encoder beside a second one, written with NumPy from the paper; real weights are in tests/integration."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from training.bert import BertConfig, WeightsError, is_lowercase, load_encoder, read_vocabulary

IDS = [[2, 5, 7, 3], [2, 6, 3, 0]]


def forward(tensors: dict[str, NDArray[np.float32]], ids: list[int], heads: int) -> NDArray[np.float64]:
    """Vectors of one text without padding, straight from the published formulas."""

    def norm(x: NDArray[Any], name: str) -> NDArray[Any]:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return np.asarray(x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"])

    def dense(x: NDArray[Any], name: str) -> NDArray[Any]:
        return np.asarray(x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"])

    gelu = np.vectorize(lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))))
    x = tensors["embeddings.word_embeddings.weight"][ids] + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm").astype(np.float64)
    width = x.shape[1] // heads
    for number in range(2):
        layer = f"encoder.layer.{number}"
        query, key, value = (dense(x, f"{layer}.attention.self.{kind}") for kind in ("query", "key", "value"))
        mixed = []
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            scores = np.exp(query[:, part] @ key[:, part].T / math.sqrt(width))
            mixed.append(scores / scores.sum(1, keepdims=True) @ value[:, part])
        attended = dense(np.concatenate(mixed, axis=1), f"{layer}.attention.output.dense")
        x = norm(x + attended, f"{layer}.attention.output.LayerNorm")
        inner = gelu(dense(x, f"{layer}.intermediate.dense"))
        x = norm(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    return np.asarray(x, np.float64)


def test_the_vectors_are_those_of_the_formulas_and_padding_changes_none(weights: Any) -> None:
    found = load_encoder(weights.folder)(tf.constant(IDS, tf.int32)).numpy()
    np.testing.assert_allclose(found[0], forward(weights.tensors, IDS[0], 2), atol=2e-4)
    np.testing.assert_allclose(found[1, :3], forward(weights.tensors, IDS[1][:3], 2), atol=2e-4)


def test_the_mean_leaves_padding_out(weights: Any) -> None:
    found = load_encoder(weights.folder).mean(tf.constant(IDS, tf.int32)).numpy()
    np.testing.assert_allclose(found[1], forward(weights.tensors, IDS[1][:3], 2).mean(axis=0), atol=2e-4)


def test_the_weights_of_a_whole_model_and_half_precision_are_read_too(weights: Any) -> None:
    before = load_encoder(weights.folder)(tf.constant(IDS, tf.int32)).numpy()
    weights.tensors = {f"bert.{name}": tensor.astype(np.float16) for name, tensor in weights.tensors.items()}
    after = load_encoder(weights.write())(tf.constant(IDS, tf.int32)).numpy()
    np.testing.assert_allclose(after, before, atol=0.05)


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_only_the_last_layers_are_trained_and_the_embeddings_never(weights: Any, layers: int) -> None:
    encoder = load_encoder(weights.folder)
    encoder.train_last(layers)
    trained = {variable.path.split("/")[1] for variable in encoder.trainable_variables}
    assert trained == {f"layer_{number}" for number in range(2 - layers, 2)}


def test_a_tensor_that_is_missing_is_named(weights: Any) -> None:
    del weights.tensors["encoder.layer.1.output.dense.bias"]
    with pytest.raises(
        WeightsError, match=r"model\.safetensors lacks the tensor encoder\.layer\.1\.output\.dense\.bias"
    ):
        load_encoder(weights.write())


def test_a_tensor_of_another_shape_is_named(weights: Any) -> None:
    weights.config["num_hidden_layers"] = 2
    weights.tensors["encoder.layer.0.intermediate.dense.weight"] = np.zeros((3, 8), np.float32)
    with pytest.raises(WeightsError, match=r"encoder\.layer\.0\.intermediate\.dense\.weight has the shape \(3, 8\)"):
        load_encoder(weights.write())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "roberta"}, "model_type is 'roberta', but only 'bert' can be used"),
        ({"hidden_act": "gelu_new"}, "hidden_act is 'gelu_new'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ({"hidden_size": None}, r"config\.json lacks hidden_size"),
        ({"num_attention_heads": 3}, "hidden_size is no multiple of num_attention_heads"),
    ],
)
def test_another_kind_of_model_is_an_error(weights: Any, change: dict[str, object], message: str) -> None:
    weights.config |= change
    with pytest.raises(WeightsError, match=message):
        BertConfig.read(weights.write())


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", b"{", r"config\.json cannot be read"),
        ("config.json", b"[]", r"config\.json holds no keys and values"),
        ("model.safetensors", b"no tensors", r"model\.safetensors cannot be read"),
        ("vocab.txt", b"\xff\n", r"vocab\.txt cannot be read"),
    ],
)
def test_a_broken_file_is_named(weights: Any, file: str, content: bytes, message: str) -> None:
    (weights.folder / file).write_bytes(content)
    read = read_vocabulary if file == "vocab.txt" else load_encoder
    with pytest.raises(WeightsError, match=message):
        read(weights.folder)


def test_the_vocabulary_may_be_in_tokenizer_json(weights: Any) -> None:
    lines = read_vocabulary(weights.folder)
    ids = {piece: number for number, piece in enumerate(lines)}
    (weights.folder / "vocab.txt").unlink()
    with pytest.raises(WeightsError, match=r"neither vocab\.txt nor tokenizer\.json"):
        read_vocabulary(weights.folder)
    tokenizer = weights.folder / "tokenizer.json"
    tokenizer.write_text(json.dumps({"model": {"type": "WordPiece", "vocab": dict(reversed(ids.items()))}}))
    assert read_vocabulary(weights.folder) == lines
    tokenizer.write_text(json.dumps({"model": {"type": "BPE", "vocab": ids}}))
    with pytest.raises(WeightsError, match="another kind than WordPiece"):
        read_vocabulary(weights.folder)


def test_whether_capitals_count_is_in_the_tokenizers_configuration(tmp_path: Path) -> None:
    assert is_lowercase(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert not is_lowercase(tmp_path)
