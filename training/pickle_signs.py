"""Tells a pickle by its name, its first bytes or its instructions, without unpickling anything."""

from __future__ import annotations

import pickletools
from pathlib import PurePosixPath

NAMES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"})
# Files that hold others, or a Keras model whose layers may be code: nothing looks into them here.
CONTAINERS = {
    b"PK\x03\x04": "a ZIP file, which may hold pickles",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, which may hold code of Keras layers",
    b"\x1f\x8b": "a gzip file, which may hold pickles",
    b"BZh": "a bzip2 file, which may hold pickles",
    b"\xfd7zXZ\x00": "an xz file, which may hold pickles",
}
NUMPY = b"\x93NUMPY"
# Instructions that make a pickle more than data: they name code, call it or build its objects.
CALLS = frozenset(
    {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD", "EXT1", "EXT2", "EXT4"}
)
# A protocol's number and this many known instructions are no chance.
KNOWN_INSTRUCTIONS = 4


def pickle_sign(name: str, first: bytes) -> str | None:
    """What in a file says that it is, or may hold, a pickle; None when nothing does.

    first: the file's first bytes, 64 KiB of them if there are so many
    """
    if PurePosixPath(name.lower()).suffix in NAMES:
        return "a pickle by its name"
    # Weights are raw numbers, which may begin with any two or three bytes.
    if not name.startswith("variables.data-"):
        container = next((words for magic, words in CONTAINERS.items() if first.startswith(magic)), None)
        if container is not None:
            return container
    if first.startswith(NUMPY) and b"O" in first[: first.find(b"\n") + 1].partition(b"descr")[2].partition(b",")[0]:
        return "a NumPy file of Python objects, which are pickles"
    return "a pickle by its content" if _is_pickle(first) else None


def _is_pickle(first: bytes) -> bool:
    names: list[str] = []
    complete = False
    try:
        for instruction, _, _ in pickletools.genops(first):
            names.append(instruction.name)
        complete = True
    except Exception:  # noqa: BLE001 - whatever bytes that are no pickle, or a part of one, make the reader raise
        complete = False
    if names[:1] == ["PROTO"] and first[1] <= 5:  # noqa: PLR2004 - the highest protocol there is
        return complete or len(names) >= KNOWN_INSTRUCTIONS
    # Protocols 0 and 1 have no number at their start, and many a text is a valid pickle of a few words.
    return bool(CALLS & set(names)) and (complete or len(names) >= KNOWN_INSTRUCTIONS)
