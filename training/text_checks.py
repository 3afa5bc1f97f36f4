"""What the text classifier must show before it is trained on all rows, and of its archive afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from training import text_model
from training.model_checks import choose_texts, cross_entropy, guess_loss, judge_rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from steps.model_checks import ModelCheck
    from training.hyperparameters import Hyperparameters

# Times that the one batch is gone through; a model that learns at all needs a few.
_EPOCHS = 15
# More than one batch can have.
_FEATURES = 1_000_000


def rehearse(
    texts: Iterable[str], targets: NDArray[np.float32], *, task: str, hyperparameters: Hyperparameters
) -> list[ModelCheck]:
    """Build, train and train again on one batch; raises ModelCheckError when a check fails.

    texts: gone through until the batch is full;  targets: as read_targets gives them
    """
    chosen, wanted = choose_texts(texts, targets)
    one_is_right = task != "multi_label"
    # What holds a model back from learning by heart is left out: penalties, few features, stopping early.
    hp = replace(
        hyperparameters,
        l2=0.0,
        balance=0.0,
        min_texts=1,
        max_features=_FEATURES,
        batch_size=len(chosen),
        epochs=_EPOCHS,
        patience=_EPOCHS,
    )
    answers: list[NDArray[np.float64]] = []
    for _ in range(2):
        model, ids = text_model.untrained(chosen, wanted, one_is_right=one_is_right, hp=hp)
        answers.append(model.probabilities(chosen))
        text_model.fit(model, ids, wanted, (chosen, wanted), hp=hp)
        answers.append(model.probabilities(chosen))
    before, first, _, second = answers
    return judge_rehearsal(
        before,
        (first, second),
        rows=len(chosen),
        loss=cross_entropy(first, wanted, one_is_right=one_is_right),
        guess=guess_loss(wanted, one_is_right=one_is_right),
        n_outputs=targets.shape[1],
        task=task,
    )
