"""Leaves a job what a container would have: the libraries, but not the project that is installed beside them.

Python runs this file at start-up because its folder is on the job's PYTHONPATH. Code that was not published with the
job is then missing here as it is on AWS, instead of being found in the project's own folder.
"""

import sys

sys.meta_path[:] = [
    finder for finder in sys.meta_path if not getattr(finder, "__module__", "").startswith("__editable___greenlight")
]
