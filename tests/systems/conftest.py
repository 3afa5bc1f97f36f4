"""A small text model and a small table model, trained by the scripts that recipes name.

The tests here each name a mistake of one of the five systems that Greenlight replaces, in plain words, and would fail
if we made it too.
"""

from __future__ import annotations

import csv
import json
import random
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from lambdas.predict import composition
from lambdas.predict.composition import Services
from steps import preprocess
from steps.answers import NO_THRESHOLDS
from steps.contracts import CheckMetricsResult, LiveVersion, PrepareRunResult, RegisterModelResult, RunState
from steps.ports import ArtifactStore, ModelRegistry, ReleaseRecords
from steps.recipe import Recipe, parse_recipe
from steps.record_release import model_card
from tests.unit.lambdas.predict.calls import FakeKeys, FakeModel, call
from training import evaluate_model, table_model, text_classifier

PROJECT = Path(__file__).parents[2]
NEUTRAL = ["the", "road", "is", "near", "our", "town", "and", "its", "people", "today"]
TELLING = {"no disaster": ["sunny", "lovely", "picnic"], "disaster": ["wildfire", "earthquake", "flood"]}
COMMON: dict[str, Any] = {
    "description": "Small and quickly trained.",
    "data_rules": {"min_rows": 10, "min_rows_per_label": 2, "max_duplicate_share": 1.0},
    "approval": {"approvers": ["approver@example.com"]},
}


class Released:
    """What a run's jobs leave: prepared rows, the model's archive and its unpacked folder, and how to measure it."""

    def __init__(self, folder: Path, document: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
        self.folder = folder
        self.recipe_file = folder / "recipe.yaml"
        self.recipe_file.write_text(yaml.safe_dump(COMMON | document, sort_keys=False))
        self.recipe: Recipe = parse_recipe(self.recipe_file.read_text(), where="recipe.yaml")
        (folder / "data").mkdir()
        with (folder / "data/rows.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        self.prepared = folder / "prepared"
        self.model = folder / "model"
        data = ["--data", str(folder / "data"), "--recipe", str(self.recipe_file)]
        preprocess.main([*data, "--output", str(self.prepared)])

    def train(self, script: Any, *more: str) -> None:
        """Run a training script and pack what it leaves as SageMaker does."""
        channels = ["--train", str(self.prepared), "--validation", str(self.prepared)]
        outputs = ["--model-dir", str(self.model), "--output-data-dir", str(self.folder / "output")]
        names = json.dumps(self.recipe.data.class_names)
        script.main([*channels, *outputs, "--task", self.recipe.task, "--class_names", names, *more])
        with tarfile.open(self.folder / "model.tar.gz", "w:gz") as tar:
            tar.add(self.model, ".")

    def members(self) -> list[str]:
        """Names of the files in the archive."""
        with tarfile.open(self.folder / "model.tar.gz") as tar:
            return [member.name for member in tar if member.isfile()]

    def evaluate(self) -> dict[str, Any]:
        """EvaluateModel's report."""
        rows = ["--test", str(self.prepared), "--recipe", str(self.recipe_file)]
        evaluate_model.main(["--candidate", str(self.folder), *rows, "--output", str(self.folder / "report")])
        report: dict[str, Any] = json.loads((self.folder / "report/report.json").read_text())
        return report

    def rows_of(self, part: str) -> list[dict[str, str]]:
        """Prepared rows."""
        with (self.prepared / f"{part}.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def tweets(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A text classifier of two classes."""
    chance = random.Random(7)  # noqa: S311 - data, not a secret
    rows = []
    for number in range(400):
        label = ("no disaster", "disaster")[number % 2]
        words = [*chance.choices(NEUTRAL, k=6), *chance.choices(TELLING[label], k=2)]
        chance.shuffle(words)
        rows.append({"text": " ".join(words), "target": label})
    document = {
        "name": "tweets",
        "task": "binary",
        "data": {"label_column": "target", "labels": {name: name for name in TELLING}},
        "metrics": {"gates": [{"name": "accuracy", "floor": 0.7}]},
        "smoke": {"cases": [{"text": "wildfire near the town", "label": "disaster"}]},
    }
    released = Released(tmp_path_factory.mktemp("tweets"), document, rows)
    released.train(text_classifier, "--epochs", "5")
    return released


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Prices of houses by their area and street."""
    chance = random.Random(7)  # noqa: S311 - data, not a secret
    rows = []
    for _ in range(300):
        area, street = chance.randrange(50, 300), chance.choice(["Gravel", "Paved", "NA"])
        rows.append({"area": area, "street": street, "price": area * (1000 if street == "Gravel" else 1500)})
    document = {
        "name": "houses",
        "task": "regression",
        "data": {"features": {"numeric": ["area"], "categorical": ["street"]}, "target_column": "price"},
        "metrics": {"gates": [{"name": "r2", "floor": 0.8}]},
        "smoke": {"cases": [{"row": {"area": 100, "street": "Paved"}, "minimum": 100_000, "maximum": 200_000}]},
    }
    released = Released(tmp_path_factory.mktemp("houses"), document, rows)
    released.train(table_model, "--schema", str(released.prepared))
    return released


@pytest.fixture
def live_reviews(
    reviews: Recipe, live: LiveVersion, records: ReleaseRecords, objects: dict[str, bytes], registered_state: RunState
) -> LiveVersion:
    """The recipe `reviews` is live, with its card."""
    uri = "s3://bucket/runs/old/record_release/model_card.json"
    version = live.model_copy(update={"task": "binary", "card_uri": uri})
    objects[uri] = model_card(registered_state, reviews, version, NO_THRESHOLDS).model_dump_json().encode()
    records.set_live(reviews.name, version)
    return version


@pytest.fixture
def registered_state(plan: PrepareRunResult, checked: CheckMetricsResult, registered: RegisterModelResult) -> RunState:
    return RunState(recipe="reviews", prepare_run=plan, check_metrics=checked, register_model=registered)


@pytest.fixture
def prediction_api(
    *,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    records: ReleaseRecords,
    artifacts: ArtifactStore,
    registry: ModelRegistry,
    live_reviews: LiveVersion,  # noqa: ARG001 - there is something to ask
) -> Callable[..., dict[str, Any]]:
    """Sends a request to the prediction API as API Gateway does; access by signature, or by the fixture's parameter."""
    parts = Services(
        access=getattr(request, "param", "IAM"),
        records=records,
        store=artifacts,
        registry=registry,
        predictor=FakeModel(),
        keys=FakeKeys({}),
    )
    monkeypatch.setattr(composition, "services", lambda: parts)
    return call
