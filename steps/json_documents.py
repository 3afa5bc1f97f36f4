"""JSON documents one after the other, as several answers in one file are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

CHUNK_CHARACTERS = 1 << 20


def json_documents(stream: TextIO) -> Iterator[Any]:
    """Each document, whatever white space is within or between them; only one is held at a time.

    TensorFlow Serving breaks an answer into lines, so a line is not a document.
    Raises ValueError when the stream does not end with a whole document.
    """
    decoder = json.JSONDecoder()
    buffer, position, at_end = "", 0, False
    while True:
        position = _after_space(buffer, position)
        try:
            document, position = decoder.raw_decode(buffer, position)
        except json.JSONDecodeError:
            if at_end:
                if position < len(buffer):
                    raise
                return
            chunk = stream.read(CHUNK_CHARACTERS)
            at_end = not chunk
            buffer, position = buffer[position:] + chunk, 0
        else:
            yield document


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
