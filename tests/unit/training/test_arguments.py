from __future__ import annotations

import pytest

from training.arguments import class_names_of


@pytest.mark.parametrize("text", ['["rude"]', "['rude']"])
def test_a_single_label_is_enough_since_a_recipe_may_have_one(text: str) -> None:
    assert class_names_of(text) == ["rude"]


@pytest.mark.parametrize("text", ["[]", '"rude"', "[1, 2]", "{'rude': 1}"])
def test_class_names_are_a_list_of_names(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - argparse says what the argument must be
        class_names_of(text)
