"""AWS Lambda on the laptop: every function under its real runtime client, in warm processes of its own."""

from local.lambda_runtime.runtime import LambdaRuntime

__all__ = ["LambdaRuntime"]
