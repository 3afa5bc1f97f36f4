"""Build time only: the state machines, written with AWS's `stepfunctions` SDK."""

import os

# The SDK needs version 2 of `sagemaker`, which says at every import that there is a version 3.
os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
