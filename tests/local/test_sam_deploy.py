"""The SAM CLI itself builds the packages for AWS, and deploys, updates, rolls back and deletes the stack on a laptop.

In this order, on a laptop of their own: each call of the SAM CLI takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from greenlight.packaging import zip_folders

PROJECT = Path(__file__).parents[2]
TOOLS = PROJECT / ".venv-sam/bin"
TIMEOUT_SECONDS = 300
ALL_ZIPS_BYTES = 40_000_000
# The ELF header's machine number.
AARCH64, X86_64 = 183, 62


@dataclass(frozen=True)
class Clone:
    """A copy of the project, and the SAM CLI and the aws CLI called in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(TOOLS / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def sam(self, *arguments: str) -> str:
        """What the SAM CLI prints; it must succeed."""
        answer = self.run("sam", *arguments, "--config-env", "local")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    def aws(self, *arguments: str) -> Any:
        answer = self.run("aws", *arguments, "--output", "json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout) if answer.stdout.startswith(("{", "[")) else answer.stdout

    def packages(self) -> dict[str, Path]:
        """Every package that was built, by its function or layer."""
        return {folder.name: folder for folder in (self.folder / ".aws-sam/build").glob("*/*") if folder.is_dir()}


def source() -> set[str]:
    """The files that git knows of, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name for name in listed.stdout.splitlines() if (PROJECT / name).is_file()}


def copied(folder: Path, environment: dict[str, str]) -> Clone:
    """A copy of the project."""
    for name in source():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, folder / name)
    return Clone(folder, environment)


@pytest.fixture(scope="module")
def sam_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG", "HOME"))}
    return {
        **kept,
        "PATH": os.environ["PATH"],
        "PYTHON": str(PROJECT / ".venv/bin/python"),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "__SAM_CLI_APP_DIR": str(tmp_path_factory.mktemp("sam")),
    }


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, sam_environment: dict[str, str]) -> Clone:
    """A copy of the project that `sam build` was called in."""
    made = copied(tmp_path_factory.mktemp("clone"), sam_environment)
    made.sam("build")
    return made


@pytest.fixture(scope="module")
def on_laptop(clone: Clone, empty_laptop: Any) -> Clone:
    """The same copy, where the CLIs know the laptop only by what `greenlight env` prints."""
    variables: dict[str, str] = empty_laptop.call("env").document
    return Clone(clone.folder, clone.environment | variables)


def contents(package: Path) -> dict[str, str]:
    return {
        file.relative_to(package).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in package.rglob("*")
        if file.is_file()
    }


def machines(package: Path) -> set[int]:
    """The machine number of every compiled module."""
    return {struct.unpack_from("<H", file.read_bytes(), 18)[0] for file in package.rglob("*.so")}


class TestBuild:
    """The packages for AWS, from this host."""

    def test_the_source_is_left_as_it_was(self, clone: Clone) -> None:
        files = {path.relative_to(clone.folder).as_posix() for path in clone.folder.rglob("*") if path.is_file()}
        assert {name for name in files if not name.startswith(".aws-sam/")} == source()

    def test_the_libraries_are_those_of_lambdas_and_the_jobs_machines(self, clone: Clone) -> None:
        packages = clone.packages()
        assert machines(packages["LibrariesLayer"]) == {AARCH64}
        assert machines(packages["PublishCodeFunction"] / "lib") == {X86_64}
        assert machines(packages["PublishCodeFunction"] / "lib-py310") == {X86_64}
        modules = [file.relative_to(packages[name]) for name in packages for file in packages[name].rglob("*.so")]
        for_tables = [file.name for file in modules if file.parts[0] == "lib-py310" and "xgboost" not in file.parts]
        others = [file.name for file in modules if file.parts[0] != "lib-py310"]
        assert for_tables
        assert others
        assert all("cpython-310" in module or "abi3" in module for module in for_tables)
        assert all("cpython-312" in module or "abi3" in module for module in others)
        assert (packages["LibrariesLayer"] / "python/aws_xray_sdk/__init__.py").is_file()

    def test_they_are_small_together(self, clone: Clone) -> None:
        zips = {name: len(zip_folders(folder, None)) for name, folder in clone.packages().items()}
        assert sum(zips.values()) < ALL_ZIPS_BYTES, zips
        assert (
            max(size for name, size in zips.items() if name not in {"LibrariesLayer", "PublishCodeFunction"}) < 500_000
        )

    def test_the_same_source_in_another_folder_gives_the_same_packages(
        self, clone: Clone, tmp_path: Path, sam_environment: dict[str, str]
    ) -> None:
        twin = copied(tmp_path, sam_environment)
        twin.sam("build")
        assert set(twin.packages()) == set(clone.packages())
        for name, package in twin.packages().items():
            assert contents(package) == contents(clone.packages()[name]), name


@dataclass(frozen=True)
class Resource:
    """A resource as CloudFormation lists it."""

    kind: str
    physical_id: str


def deployed(cloudformation: Any, stack: str = "greenlight", path: str = "") -> Iterator[tuple[str, Resource]]:
    """Every resource of a stack and of those inside it, by path."""
    for each in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]:
        name = f"{path}{each['LogicalResourceId']}"
        yield name, Resource(each["ResourceType"], each["PhysicalResourceId"])
        if each["ResourceType"] == "AWS::CloudFormation::Stack":
            yield from deployed(cloudformation, each["PhysicalResourceId"], f"{name}/")


def failures(cloudformation: Any, stack: str) -> Iterator[tuple[str, str]]:
    """Logical id and reason of what failed in a stack and in those inside it."""
    for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceStatus"].endswith("_FAILED"):
            yield event["LogicalResourceId"], event["ResourceStatusReason"]
            if event["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from failures(cloudformation, event["PhysicalResourceId"])


# A change of the code makes new ones of these, and of nothing else.
MADE_ANEW = {"AWS::Lambda::Version", "AWS::StepFunctions::StateMachineVersion", "Custom::ContainerCode"}


class TestDeploy:
    """The stack's life under the SAM CLI."""

    def test_a_first_deployment_makes_the_whole_stack(self, on_laptop: Clone, empty_laptop: Any) -> None:
        said = on_laptop.sam("deploy")
        assert "Successfully created/updated stack - greenlight in us-east-1" in said
        assert empty_laptop.call("status").document["deployed"] is True
        made = dict(deployed(empty_laptop.client("cloudformation")))
        assert "AWS::Lambda::LayerVersion" in {resource.kind for resource in made.values()}

    def test_a_second_one_without_a_change_says_so(self, on_laptop: Clone) -> None:
        assert "No changes to deploy. Stack greenlight is up to date" in on_laptop.sam("deploy")

    def test_changed_code_updates_functions_and_leaves_everything_else(
        self, on_laptop: Clone, empty_laptop: Any
    ) -> None:
        cloudformation = empty_laptop.client("cloudformation")
        before = dict(deployed(cloudformation))
        packages = digests(empty_laptop, before)
        handler = on_laptop.folder / "lambdas/check_metrics/handler.py"
        handler.write_text(handler.read_text() + "\n# changed\n")

        on_laptop.sam("build")
        on_laptop.sam("deploy")

        after = dict(deployed(cloudformation))
        kept = {name: resource for name, resource in before.items() if resource.kind not in MADE_ANEW}
        assert {name: after.get(name) for name in kept} == kept
        assert set(packages) == set(digests(empty_laptop, after))
        assert not set(packages.values()) & set(digests(empty_laptop, after).values())
        changed = cloudformation.describe_stacks(StackName=before["Storage"].physical_id)["Stacks"][0]
        assert "LastUpdatedTime" not in changed, "nothing of the storage was touched"

    def test_one_that_fails_names_its_resource_and_reason_and_is_rolled_back(
        self, on_laptop: Clone, empty_laptop: Any
    ) -> None:
        cloudformation = empty_laptop.client("cloudformation")
        before = dict(deployed(cloudformation))
        packages = digests(empty_laptop, before)
        template = on_laptop.folder / ".aws-sam/build/Schedules/template.yaml"
        good = template.read_text()
        taken = "  Taken:\n    Type: AWS::Logs::LogGroup\n    DependsOn: StartRunFunction\n    Properties:\n"
        taken += "      LogGroupName:\n        Fn::Sub: /aws/vendedlogs/states/${Prefix}-release\n"
        template.write_text(good.replace("\nResources:\n", f"\nResources:\n{taken}", 1))
        module = on_laptop.packages()["StartRunFunction"] / "lambdas/settings.py"
        module.write_text(module.read_text() + "\n# changed\n")

        answer = on_laptop.run("sam", "deploy", "--config-env", "local")

        assert answer.returncode == 1
        assert "Failed to create/update the stack: greenlight" in answer.stderr
        assert "[Taken]" in "".join(answer.stdout.split()), "the CLI breaks its table's words"
        assert dict(failures(cloudformation, "greenlight"))["Taken"].startswith(
            "The specified log group already exists"
        )
        (stack,) = cloudformation.describe_stacks(StackName="greenlight")["Stacks"]
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert {name: r for name, r in deployed(cloudformation) if r.kind not in MADE_ANEW} == {
            name: r for name, r in before.items() if r.kind not in MADE_ANEW
        }
        assert digests(empty_laptop, dict(deployed(cloudformation))) == packages

    def test_the_deployed_system_releases_a_run_started_by_the_aws_cli(
        self,
        on_laptop: Clone,
        empty_laptop: Any,
        few_rows: Any,
        write_rows: Callable[..., str],
        write_recipe: Callable[..., str],
    ) -> None:
        outputs = {
            each["OutputKey"]: each["OutputValue"]
            for each in on_laptop.aws("cloudformation", "describe-stacks", "--stack-name", "greenlight")["Stacks"][0][
                "Outputs"
            ]
        }
        bucket = outputs["ArtifactBucket"]
        data, recipe = f"s3://{bucket}/data/by-hand/rows.csv", f"s3://{bucket}/recipes/by-hand/recipe.yaml"
        on_laptop.aws("s3", "cp", write_rows("rows.csv", few_rows), data)
        on_laptop.aws("s3", "cp", f"{write_recipe('by-hand')}/recipe.yaml", recipe)
        given = json.dumps({"recipe": "by-hand", "data_uri": data, "recipe_uri": recipe, "requested_by": "somebody"})
        machine = ("--state-machine-arn", outputs["StateMachineAliasArn"])
        started = on_laptop.aws("stepfunctions", "start-execution", *machine, "--name", "by-hand-1", "--input", given)

        wait_for(lambda: [mail for mail in empty_laptop.mails() if "by-hand-1" in mail["subject"] + mail["text"]])
        approved = empty_laptop.call("approve", "by-hand-1", "--comment", "as measured")
        assert approved.code == 0, approved.errors
        machine_client = empty_laptop.client("stepfunctions")

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = machine_client.describe_execution(executionArn=started["executionArn"])
            return described if described["status"] != "RUNNING" else None

        described = wait_for(ended)
        assert described["status"] == "SUCCEEDED", described
        assert empty_laptop.call("show", "by-hand-1").document["outcome"] == "Released"
        answer = empty_laptop.call("predict", "by-hand", "a wonderful film")
        assert answer.document["model_version"] == "1"

    def test_deleting_it_leaves_what_its_policies_keep_and_nothing_else(
        self, on_laptop: Clone, empty_laptop: Any
    ) -> None:
        made = dict(deployed(empty_laptop.client("cloudformation")))
        assert "Deleted successfully" in on_laptop.sam("delete", "--no-prompts")

        client = empty_laptop.client
        (managed,) = client("cloudformation").describe_stacks()["Stacks"]
        assert managed["StackName"] == "aws-sam-cli-managed-default"
        kept = {made["Storage/ArtifactBucket"].physical_id, made["Storage/ReleaseTable"].physical_id}
        buckets = {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]}
        assert {name for name in buckets if "samclisourcebucket" not in name} < kept
        assert set(client("dynamodb").list_tables()["TableNames"]) < kept
        left = [
            client("lambda").list_functions()["Functions"],
            client("lambda").list_layers()["Layers"],
            client("iam").list_roles()["Roles"],
            client("stepfunctions").list_state_machines()["stateMachines"],
            client("apigatewayv2").get_apis()["Items"],
            client("scheduler").list_schedules()["Schedules"],
            client("events").list_rules()["Rules"],
            client("sqs").list_queues().get("QueueUrls", []),
            client("sns").list_topics()["Topics"],
            client("sesv2").list_email_identities()["EmailIdentities"],
            client("cloudwatch").describe_alarms()["MetricAlarms"],
            client("logs").describe_log_groups(logGroupNamePrefix="/aws/vendedlogs")["logGroups"],
        ]
        assert not [each for each in left if each]


def digests(laptop: Any, resources: dict[str, Resource]) -> dict[str, str]:
    """The package's digest of every function of the stack."""
    client = laptop.client("lambda")
    return {
        name: client.get_function_configuration(FunctionName=resource.physical_id)["CodeSha256"]
        for name, resource in resources.items()
        if resource.kind == "AWS::Lambda::Function"
    }


def wait_for(found: Callable[[], Any]) -> Any:
    """The first answer that is true."""
    for _ in range(600):
        if answer := found():
            return answer
        time.sleep(0.5)
    raise AssertionError("waited in vain")
