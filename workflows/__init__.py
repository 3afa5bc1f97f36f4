"""Build time only: the state machines, written with AWS's `stepfunctions` SDK.

The SDK imports `sagemaker` 2, whose generated code predates the protobuf that TensorFlow needs; protobuf's
pure-Python mode reads it. Both variables must be set before the first import, so these modules run in a process of
their own (`python -m workflows.release`).
"""

import os

os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
