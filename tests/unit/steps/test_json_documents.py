from __future__ import annotations

import io
import json
from typing import Any

import pytest

from steps import json_documents as reading


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_documents_follow_each_other_whatever_is_between_them(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(reading, "CHUNK_CHARACTERS", chunk)
    documents: list[Any] = [{"predictions": [[0.5, 1e-7]]}, {"a": 'a "}" in a text \\'}, {}, {"é": [[], None]}]
    text = json.dumps(documents[0], indent=2) + "\n\n" + "".join(json.dumps(each) for each in documents[1:]) + "\n"
    assert list(reading.json_documents(io.StringIO(text))) == documents


@pytest.mark.parametrize("text", ['{"a": 1', '{"a": 1} x', '{"a": 1}\n{"b"'])
def test_what_breaks_off_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        list(reading.json_documents(io.StringIO(text)))


def test_nothing_holds_no_documents() -> None:
    assert list(reading.json_documents(io.StringIO(" \n"))) == []
