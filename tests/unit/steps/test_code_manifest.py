from __future__ import annotations

import pytest

from steps.code_manifest import build_manifest, digest_files

FILES = {
    "steps/__init__.py": b"",
    "steps/preprocess.py": b"from steps import split\n",
    "steps/split.py": b"import steps.recipe\n",
    "steps/recipe.py": b"import yaml\n",
    "steps/check_metrics.py": b"LIMIT = 1\n",
    "training/__init__.py": b"",
    "training/text_classifier.py": b"from training.layers import layer\n",
    "training/layers.py": b"def layer() -> None: ...\n",
    "training/import_model.py": b"from steps.recipe import Recipe\n",
    "training/evaluate_model.py": b"from steps.recipe import Recipe\n",
    "recipes/reviews/recipe.yaml": b"name: reviews\n",
    "recipes/names/recipe.yaml": b"name: names\n",
}


def changed(path: str) -> dict[str, bytes]:
    return {**FILES, path: FILES[path] + b"# changed\n"}


def test_a_change_in_a_rule_changes_the_whole_but_no_job() -> None:
    before, after = build_manifest(FILES), build_manifest(changed("steps/check_metrics.py"))
    assert before.digest != after.digest
    assert (before.steps, before.scripts) == (after.steps, after.scripts)


def test_a_change_in_a_module_imported_through_another_changes_the_job() -> None:
    before, after = build_manifest(FILES), build_manifest(changed("steps/recipe.py"))
    assert before.steps["preprocess"] != after.steps["preprocess"]
    assert before.steps["evaluate_model"] != after.steps["evaluate_model"]
    assert before.scripts["training/text_classifier.py"] == after.scripts["training/text_classifier.py"]


def test_a_change_in_a_training_module_changes_the_scripts_that_import_it() -> None:
    before, after = build_manifest(FILES), build_manifest(changed("training/layers.py"))
    assert before.scripts["training/text_classifier.py"] != after.scripts["training/text_classifier.py"]
    assert before.steps == after.steps


def test_a_change_in_a_dependency_that_comes_with_the_code_changes_every_job() -> None:
    before, after = build_manifest(FILES), build_manifest({**FILES, "lib/pydantic/__init__.py": b""})
    assert all(before.steps[step] != after.steps[step] for step in before.steps)
    assert all(before.scripts[script] != after.scripts[script] for script in before.scripts)


def test_the_manifest_names_the_recipes() -> None:
    assert build_manifest(FILES).recipes == ["names", "reviews"]


def test_the_order_in_which_files_are_read_does_not_matter() -> None:
    assert digest_files(FILES) == digest_files(dict(reversed(FILES.items())))


def test_moving_bytes_from_one_file_to_the_next_changes_the_digest() -> None:
    assert digest_files({"a": b"xy", "b": b"z"}) != digest_files({"a": b"x", "b": b"yz"})


def test_code_without_an_entry_module_is_refused_by_its_name() -> None:
    without = {path: content for path, content in FILES.items() if path != "steps/preprocess.py"}
    with pytest.raises(ValueError, match=r"lacks steps\.preprocess"):
        build_manifest(without)


def test_a_module_that_is_no_python_is_refused_by_its_path() -> None:
    with pytest.raises(ValueError, match=r"steps/split\.py"):
        build_manifest({**FILES, "steps/split.py": b"def"})
