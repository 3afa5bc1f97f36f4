"""deploy: template.yaml to the laptop."""

from __future__ import annotations

import typer
from rich.console import Console

from greenlight.console import output, print_json, progress
from greenlight.deployment import Deployer, Deployment
from greenlight.errors import WrongUseError
from greenlight.program import Json, target_of
from greenlight.samconfig import parameter_overrides
from greenlight.stack_events import ResourceEvent
from greenlight.target import PROJECT, Target
from local.home import ACCOUNT
from steps.names import STACK_TAG

# The table of samconfig.toml that holds the laptop's parameters.
_ENVIRONMENT = "local"


def deploy(context: typer.Context, as_json: Json = False) -> None:
    """Deploy template.yaml to this laptop; on AWS `sam build && sam deploy` does it."""
    target = target_of(context)
    deployment = deploy_stack(target)
    if as_json:
        print_json({"stack": target.stack_name, "changed": deployment.changed, "outputs": deployment.outputs})
        return
    print_deployed(output(), target, deployment)


def packages_bucket(target: Target) -> str:
    """The bucket on the laptop that templates point at, as the SAM CLI has one on AWS."""
    return f"{target.stack_name}-deployments-{ACCOUNT}"


def print_deployed(console: Console, target: Target, deployment: Deployment) -> None:
    """Say whether anything changed."""
    done = "is deployed" if deployment.changed else "was deployed already; nothing has changed"
    console.print(f"The stack [bold]{target.stack_name}[/] {done}.")


def deploy_stack(target: Target) -> Deployment:
    """Deploy to the laptop with progress, and let the target know the new outputs.

    Raises WrongUseError on AWS: only the SAM CLI can build the functions' packages for it.
    """
    if target.home is None:
        raise WrongUseError("on AWS the SAM CLI deploys: `sam build && sam deploy --guided`")
    deployer = Deployer(
        target.cloudformation,
        target.s3,
        bucket=packages_bucket(target),
        bucket_tags={STACK_TAG: target.stack_name},
        poll_seconds=target.poll_seconds,
    )
    parameters = parameter_overrides(PROJECT / "samconfig.toml", _ENVIRONMENT)
    with progress().status(f"Deploying {target.stack_name}") as spinner:

        def tell(event: ResourceEvent) -> None:
            spinner.update(f"Deploying {target.stack_name}: {event.logical_id} {event.status}")

        deployment = deployer.deploy(PROJECT / "template.yaml", target.stack_name, parameters, tell)
    target.forget_outputs()
    return deployment
