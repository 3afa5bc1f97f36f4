"""What the runtime must know of a function version, read from moto's model of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction


@dataclass(frozen=True)
class FunctionVersion:
    """One deployed version of a function; two that are equal can share their processes.

    arn: with the qualifier that an invocation of this version sees
    timeout_seconds: 1 to 900;  memory_mb: 128 to 10240, told to the function and not enforced
    code_digest: base64 SHA-256 of the package, as Lambda reports it
    """

    name: str
    version: str
    arn: str
    handler: str
    runtime: str
    environment: tuple[tuple[str, str], ...]
    timeout_seconds: int
    memory_mb: int
    role: str
    traced: bool
    code_digest: str
    package: bytes = field(repr=False, compare=False)

    @classmethod
    def from_moto(cls, function: LambdaFunction) -> FunctionVersion:
        """Read moto's LambdaFunction.

        Raises InvalidParameterValueException for a function that is no Python package.
        """
        if function.package_type != "Zip" or not str(function.run_time).startswith("python"):
            raise InvalidParameterValueException(
                f"function {function.function_name} is a {function.package_type} package for {function.run_time}; "
                "the laptop runs Zip packages for Python"
            )
        return cls(
            name=function.function_name,
            version=str(function.version),
            arn=function.function_arn,
            handler=str(function.handler),
            runtime=str(function.run_time),
            environment=tuple(sorted(function.environment_vars.items())),
            timeout_seconds=int(function.timeout),
            memory_mb=int(function.memory_size),
            role=function.role,
            traced=function.tracing_config.get("Mode") == "Active",
            code_digest=function.code_sha_256,
            package=function.code_bytes,
        )

    @property
    def log_group(self) -> str:
        """Where Lambda writes what the function prints."""
        return f"/aws/lambda/{self.name}"
