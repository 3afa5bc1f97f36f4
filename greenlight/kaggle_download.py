"""Fetch one file of a Kaggle competition with Kaggle's own client and the user's own key.

Run     python -m greenlight.kaggle_download COMPETITION FILE FOLDER
Writes  FOLDER/FILE, and as the last line of standard output one JSON document: {"file": PATH}, or
        {"problem": one of no_key, bad_key_file, refused, not_reached, damaged; "status": of HTTP; "said": in words}

A process of its own, because the client knows no time limit and speaks on standard output.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import requests


def fetch(competition: str, file: str, folder: str) -> dict[str, Any]:
    """The document that is printed."""
    # The import alone sets up logging and looks around.
    import kagglehub  # noqa: PLC0415
    from kagglehub.config import get_kaggle_credentials  # noqa: PLC0415
    from kagglehub.exceptions import DataCorruptionError  # noqa: PLC0415

    try:
        has_key = get_kaggle_credentials() is not None
    except ValueError as error:
        return {"problem": "bad_key_file", "said": str(error)}
    if not has_key:
        return {"problem": "no_key"}
    try:
        found = {"file": kagglehub.competition_download(competition, path=file, output_dir=folder)}
    except requests.HTTPError as error:
        found = {"problem": "refused", "status": error.response.status_code if error.response is not None else 0}
    except requests.RequestException as error:
        found = {"problem": "not_reached", "said": type(error).__name__}
    except DataCorruptionError:
        found = {"problem": "damaged"}
    return found


def main() -> None:
    """Entry point of the process."""
    competition, file, folder = sys.argv[1:]
    sys.stdout.write("\n" + json.dumps(fetch(competition, file, folder)) + "\n")


if __name__ == "__main__":
    main()
