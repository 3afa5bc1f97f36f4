"""Where the bucket holds the weights that a training starts from, and of which files they are."""

from __future__ import annotations

WEIGHT_FILES = ("config.json", "model.safetensors")
# One of the two is needed; the first wins.
VOCABULARY_FILES = ("vocab.txt", "tokenizer.json")
OPTIONAL_FILES = (*VOCABULARY_FILES, "tokenizer_config.json")
# Uploaded after all others, so that where it is, they all are.
LAST_FILE = "config.json"


def pretrained_uri(bucket: str, sha256: str) -> str:
    """The folder of the weights with this digest."""
    return f"s3://{bucket}/pretrained/{sha256}"
