"""What Lambda itself does as a function's role."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from local.iam import AUTHORIZER, AccessDeniedError, Permission, RoleSession, role_session

logger = logging.getLogger(__name__)

LAMBDA = "lambda.amazonaws.com"
# With active tracing. Source: Lambda developer guide, "Visualize Lambda function invocations using AWS X-Ray".
TRACE = (Permission("xray:PutTraceSegments", "*"), Permission("xray:PutTelemetryRecords", "*"))


@dataclass(frozen=True)
class Role:
    """A function's role; its sessions have the function's name."""

    arn: str
    function_name: str

    def credentials(self) -> RoleSession:
        """What the function's process calls with; raises AssumeRoleError when Lambda cannot assume the role."""
        return role_session(self.arn, LAMBDA, self.function_name)

    def may(self, permissions: Sequence[Permission]) -> bool:
        """Whether the role is allowed all of it; if not, the function runs all the same and nothing says so on AWS."""
        try:
            AUTHORIZER.check_role(self.arn, self.function_name, permissions)
        except AccessDeniedError as error:
            logger.warning("lost to the function's role", extra={"reason": str(error)})
            return False
        return True
