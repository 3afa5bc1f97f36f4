"""SageMaker on a laptop: jobs as processes, endpoints as HTTP servers, the model registry."""

from local.sagemaker.subsystem import SageMaker

__all__ = ["SageMaker"]
