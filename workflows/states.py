"""The `stepfunctions` SDK's states, thinly extended by the fields it lacks.

The SDK (2.3.0) knows neither ResultSelector nor a Retry's MaxDelaySeconds and JitterStrategy; each is
added here at the one place where the SDK renders it.
"""

from __future__ import annotations

from typing import Any

from stepfunctions.steps import Catch, Choice, Fail, Retry, Succeed, Task, Wait
from stepfunctions.steps.fields import Field as SdkField

__all__ = ["BoundedRetry", "Catch", "Choice", "Fail", "Retry", "SelectingTask", "Succeed", "Task", "Wait", "SdkField"]
