"""API Gateway's HTTP APIs on the laptop, at /_api/<api-id>/."""

from local.http_api.front import HttpApi

__all__ = ["HttpApi"]
