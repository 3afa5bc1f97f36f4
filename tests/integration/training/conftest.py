"""Small data whose words give its labels away, prepared as Preprocess does."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from steps import preprocess

WORDS = {
    "bad": ["dull", "lifeless", "tedious", "awful", "boring", "clumsy"],
    "good": ["moving", "funny", "brilliant", "warm", "gripping", "tender"],
    "mixed": ["uneven", "passable", "average", "ordinary", "halfway", "modest"],
}
FILLING = ["the", "film", "is", "a", "story", "with", "its", "cast", "and", "scenes", "of", "this"]
ROWS_PER_LABEL = 300


class Prepared:
    """A recipe file and the folder with train.csv, validation.csv and test.csv."""

    def __init__(self, folder: Path, class_names: Sequence[str], *, shuffled: bool = False) -> None:
        self.class_names = list(class_names)
        self.folder = folder / "prepared"
        self.recipe = folder / "recipe.yaml"
        self.recipe.write_text(yaml.safe_dump(self._document()))
        (folder / "data").mkdir()
        chance = random.Random(7)  # noqa: S311 - data, not a secret
        rows = [(sentence(name, chance), name) for name in class_names for _ in range(ROWS_PER_LABEL)]
        labels = [label for _, label in rows]
        if shuffled:
            chance.shuffle(labels)
        with (folder / "data" / "rows.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["text", "label"])
            writer.writerows((text, label) for (text, _), label in zip(rows, labels, strict=True))
        preprocess.main(["--data", str(folder / "data"), "--recipe", str(self.recipe), "--output", str(self.folder)])

    def _document(self) -> dict[str, Any]:
        return {
            "name": "small",
            "description": "Words that give the label away.",
            "task": "binary" if len(self.class_names) == 2 else "multi_class",
            "data": {"labels": {name: name for name in self.class_names}},
            "metrics": {"gates": [{"name": "accuracy", "floor": 0.68}]},
            "approval": {"approvers": ["approver@example.com"]},
            "smoke": {"cases": [{"text": "A moving film.", "label": "good"}]},
        }


def sentence(name: str, chance: random.Random) -> str:
    words = [*chance.choices(FILLING, k=8), *chance.choices(WORDS[name], k=2)]
    chance.shuffle(words)
    return " ".join(words)


@pytest.fixture(scope="session")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("two"), ["bad", "good"])


@pytest.fixture(scope="session")
def three_classes(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("three"), ["bad", "good", "mixed"])


@pytest.fixture(scope="session")
def shuffled_labels(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("shuffled"), ["bad", "good"], shuffled=True)


LABEL_NAMES = ["dark", "bright", "rare"]


class PreparedLabels:
    """The three parts of rows with any number of three labels, each given away by words of its own."""

    def __init__(self, folder: Path) -> None:
        self.class_names = LABEL_NAMES
        self.folder = folder
        chance = random.Random(7)  # noqa: S311 - data, not a secret
        for split, rows in (("train", 900), ("validation", 200), ("test", 200)):
            with (folder / f"{split}.csv").open("w", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["text", *LABEL_NAMES])
                for _ in range(rows):
                    labels = [int(chance.random() < share) for share in (0.5, 0.3, 0.06)]
                    words = chance.choices(FILLING, k=8)
                    for given, words_of_label in zip(labels, WORDS.values(), strict=True):
                        words += chance.choices(words_of_label, k=1) if given else []
                    chance.shuffle(words)
                    writer.writerow([" ".join(words), *labels])


@pytest.fixture(scope="session")
def several_labels(tmp_path_factory: pytest.TempPathFactory) -> PreparedLabels:
    return PreparedLabels(tmp_path_factory.mktemp("labels"))
