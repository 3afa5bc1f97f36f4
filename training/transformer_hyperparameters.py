"""The transformer's hyperparameters, read from the strings that a training job passes."""

from __future__ import annotations

from dataclasses import dataclass

from training.hyperparameters import FromStrings, HyperparameterError


@dataclass(frozen=True)
class TransformerHyperparameters(FromStrings):
    """What a recipe may set under `training.hyperparameters` of training/transformer_classifier.py.

    Raises HyperparameterError naming the one that is wrong.
    """

    epochs: int = 3  # at most; training stops earlier when the validation loss no longer falls
    patience: int = 1  # epochs without a lower validation loss before it stops
    batch_size: int = 16  # texts
    learning_rate: float = 1e-4  # largest one of AdamW; rises from 0 and falls to 0 by a cosine
    warm_up: float = 0.1  # share of all steps in which it rises
    weight_decay: float = 0.01  # of kernels; biases and normalisations are left alone
    dropout: float = 0.1  # share of values left out, after each dense layer that is trained
    label_smoothing: float = 0.1  # share of an answer that is spread over all; keeps the encoder from being too sure
    trained_layers: int = 6  # the last ones; the layers before and the embeddings stay as they were published
    max_tokens: int = 256  # pieces of a text that are read, [CLS] and [SEP] included
    head_tokens: int = 64  # of these, from a longer text's beginning; the rest are from its end
    max_rows: int = 0  # training rows to fine-tune on, drawn at random; 0 for all
    max_validation_rows: int = 1000  # validation rows to stop by, and to weigh both models by; 0 for all
    n_grams: int = 1  # 1 trains text_classifier.py's model on all rows beside it and weighs the two; 0 leaves it out
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size"):
            if getattr(self, name) < 1:
                raise HyperparameterError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 < self.learning_rate < 1:
            raise HyperparameterError(f"learning_rate must be above 0 and below 1, not {self.learning_rate}")
        for name in ("warm_up", "weight_decay", "dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise HyperparameterError(f"{name} must be 0 or more and below 1, not {getattr(self, name)}")
        for name in ("trained_layers", "max_rows", "max_validation_rows", "seed"):
            if getattr(self, name) < 0:
                raise HyperparameterError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if self.max_tokens < 3:  # noqa: PLR2004 - one piece between the two special ones
            raise HyperparameterError(f"max_tokens must be at least 3, not {self.max_tokens}")
        if not 0 <= self.head_tokens <= self.max_tokens - 2:
            raise HyperparameterError(
                f"head_tokens must be between 0 and max_tokens - 2, which is {self.max_tokens - 2}, "
                f"not {self.head_tokens}"
            )
        if self.n_grams not in (0, 1):
            raise HyperparameterError(f"n_grams must be 0 or 1, not {self.n_grams}")
