"""Where the laptop keeps its state, and the environment in which AWS clients talk to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "123456789012"
DEFAULT_PORT = 4747


@dataclass(frozen=True)
class Home:
    """One laptop stack: a state directory and a port on 127.0.0.1."""

    directory: Path
    port: int

    @classmethod
    def from_environment(cls, project: Path) -> Home:
        """GREENLIGHT_HOME (default `.greenlight` in the project) and GREENLIGHT_PORT (default 4747).

        Raises ValueError when the port is no number from 1024 to 65535.
        """
        given = os.environ.get("GREENLIGHT_PORT", str(DEFAULT_PORT))
        if not given.isdecimal() or not 1024 <= int(given) <= 65535:  # noqa: PLR2004 - the range of user ports
            raise ValueError(f"GREENLIGHT_PORT is '{given}', which is no port from 1024 to 65535")
        return cls(Path(os.environ.get("GREENLIGHT_HOME", project / ".greenlight")).resolve(), int(given))

    @property
    def endpoint_url(self) -> str:
        """The one address at which every AWS API of the laptop answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        """What the server and its children say."""
        return self.directory / "server.log"

    @property
    def pid_file(self) -> Path:
        """Process id of the running server."""
        return self.directory / "server.pid"

    @property
    def processes(self) -> Path:
        """One file per child process, so that a crash leaves nothing unaccounted for."""
        return self.directory / "processes"

    @property
    def snapshot(self) -> Path:
        """What survives a restart."""
        return self.directory / "snapshot"

    @property
    def access_log(self) -> Path:
        """What roles were granted and denied, for whoever writes their policies."""
        return self.directory / "access.jsonl"

    @property
    def checked_requests(self) -> Path:
        """Operations that each role called, and whether what it sent was legal."""
        return self.directory / "checked_requests.jsonl"

    @property
    def jobs(self) -> Path:
        """One folder per SageMaker job, laid out like /opt/ml."""
        return self.directory / "jobs"

    @property
    def endpoints(self) -> Path:
        """One folder per served endpoint config, laid out like /opt/ml."""
        return self.directory / "endpoints"

    @property
    def functions(self) -> Path:
        """One folder per unpacked Lambda package."""
        return self.directory / "functions"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the server and everything it starts."""
        return self.directory / "tmp"

    def client_environment(self) -> dict[str, str]:
        """Variables that make boto3, `aws` and `sam` talk to the laptop and to nothing else."""
        unproxied = [host for host in (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost") if host]
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "laptop",
            "AWS_SECRET_ACCESS_KEY": "laptop",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A proxy would look for the laptop's address on its own machine.
            "NO_PROXY": ",".join(dict.fromkeys(",".join(unproxied).split(","))),
        }

    def child_environment(self) -> dict[str, str]:
        """Environment of a child process: the clients' variables, and nothing written outside the home."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV") if name in os.environ}
        return {
            **kept,
            **self.client_environment(),
            "HOME": str(self.directory),
            "TMPDIR": str(self.temporary),
            "KERAS_HOME": str(self.directory / "keras"),
            "PYTHONUNBUFFERED": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
