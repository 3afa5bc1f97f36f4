"""What the program talks to: the laptop's stack, or a stack on AWS.

GREENLIGHT_TARGET   `laptop` (default) or `aws`
GREENLIGHT_STACK    the stack's name, default `greenlight`
GREENLIGHT_HOME, GREENLIGHT_PORT   which laptop stack (see local/home.py)

The laptop's session has its own region, keys and address and reads no configuration: neither AWS_PROFILE nor
anything in the home directory can send a laptop's command to AWS. On AWS boto3's usual chain decides.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from greenlight.errors import WrongUseError
from local.home import REGION, Home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_STACK = "greenlight"


class Target:
    """One stack and the clients that reach it.

    home: the laptop stack, or None for AWS
    """

    def __init__(self, stack_name: str, home: Home | None) -> None:
        self.stack_name = stack_name
        self.home = home

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Target:
        """The target the environment names.

        Raises WrongUseError when GREENLIGHT_TARGET or GREENLIGHT_PORT make no sense.
        """
        kind = environment.get("GREENLIGHT_TARGET", "laptop")
        stack_name = environment.get("GREENLIGHT_STACK", DEFAULT_STACK)
        if kind == "aws":
            return cls(stack_name, None)
        if kind != "laptop":
            raise WrongUseError(f"GREENLIGHT_TARGET is '{kind}'; use `laptop` or `aws`")
        try:
            return cls(stack_name, Home.from_environment(PROJECT))
        except ValueError as error:
            raise WrongUseError(str(error)) from error

    @property
    def laptop(self) -> Home:
        """The laptop stack.

        Raises WrongUseError on AWS, for what only a laptop has.
        """
        if self.home is None:
            raise WrongUseError("this works on the laptop's stack only; unset GREENLIGHT_TARGET to use it")
        return self.home

    @property
    def poll_seconds(self) -> float:
        """How often to look at something that changes by itself."""
        return 0.2 if self.home else 5.0

    @cached_property
    def session(self) -> boto3.Session:
        """The boto3 session every client comes from."""
        if self.home is None:
            return boto3.Session()
        nothing_from_home: dict[str, tuple[str | None, list[str], str | None, None]] = {
            "profile": (None, [], None, None),
            "config_file": (None, [], os.devnull, None),
            "credentials_file": (None, [], os.devnull, None),
        }
        keys = self.home.client_environment()
        return boto3.Session(
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=nothing_from_home),
        )

    @property
    def client_arguments(self) -> dict[str, Any]:
        """Address, timeouts and retries of every client."""
        if self.home is None:
            patient = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
            return {"config": patient}
        # A proxy from the environment has no business between a laptop and itself.
        config = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 1}, proxies={})
        return {"config": config, "endpoint_url": self.home.endpoint_url}

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Stacks and their outputs."""
        return self.session.client("cloudformation", **self.client_arguments)

    @cached_property
    def stepfunctions(self) -> SFNClient:
        """Runs."""
        return self.session.client("stepfunctions", **self.client_arguments)

    @cached_property
    def s3(self) -> S3Client:
        """Data, recipes and artifacts."""
        return self.session.client("s3", **self.client_arguments)

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        """Jobs, endpoints and the model registry."""
        return self.session.client("sagemaker", **self.client_arguments)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """What functions and jobs said."""
        return self.session.client("logs", **self.client_arguments)

    @cached_property
    def functions(self) -> LambdaClient:
        """Functions, their versions and layers."""
        return self.session.client("lambda", **self.client_arguments)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """The release table."""
        return self.session.client("dynamodb", **self.client_arguments)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name.

        Raises WrongUseError when the stack is not deployed.
        """
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationError":
                raise
            raise WrongUseError(f"no stack is named {self.stack_name}; deploy it: {self.how_to_deploy}") from error
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def forget_outputs(self) -> None:
        """Ask for the outputs again, after a deployment."""
        vars(self).pop("outputs", None)

    def output(self, name: str) -> str:
        """One output of the stack.

        Raises WrongUseError when the stack is not (or not wholly) deployed.
        """
        if name not in self.outputs:
            raise WrongUseError(f"the stack {self.stack_name} has no output {name}; deploy it: {self.how_to_deploy}")
        return self.outputs[name]

    @property
    def how_to_deploy(self) -> str:
        """The command that deploys the stack."""
        return "`greenlight deploy`" if self.home else "`sam build && sam deploy`"
