"""Leaves a job what a container would have: the libraries, but not the project that is installed beside them.

Python runs this file at start-up because its folder is on the job's PYTHONPATH. Code that was not published with the
job is then missing here as it is on AWS, instead of being found in the project's own folder.
"""

import os
import sys

sys.meta_path[:] = [
    finder for finder in sys.meta_path if not getattr(finder, "__module__", "").startswith("__editable___greenlight")
]


def _is_for_the_image(entry: str) -> bool:
    """Whether a folder of the job holds wheels: they are for the Python of AWS's image, which may be another one.

    The libraries of this environment, of the same versions, take their place.
    """
    below_job = "/opt/ml/" in entry and os.path.isdir(entry)  # noqa: PTH112 - at start-up, nothing more is imported
    return below_job and any(name.endswith(".dist-info") for name in os.listdir(entry))  # noqa: PTH208 - likewise


sys.path[:] = [entry for entry in sys.path if not _is_for_the_image(entry)]
