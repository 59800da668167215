"""The target of a verb: the embedded AWS of this folder, or a deployed stack with its outputs."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from local.errors import ForeignFolder, InstanceError, InvalidInstanceName
from local.instance import Instance

from .command_errors import CommandFailed, UsageError

StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage", help="Use this deployed stack (found with `pulumi stack output`) instead of the embedded AWS."
    ),
]
InstanceOption = Annotated[
    str, typer.Option("--instance", envvar="BOOKING_INSTANCE", help="The embedded AWS of this folder to use.")
]


OUTPUT_SOURCES: Final[Mapping[str, str]] = {
    "stateMachineArn": "the `arn` of a BookingStateMachine",
    "parkingQueueUrl": "the `parking` of a BookingStateMachine",
    "ordersTable": "the `table` of an OrderStore",
    "auditBucket": "the `bucket` of an AuditBucket",
    "eventBus": "the `bus` of an OrderEvents",
    "reconcileFunction": "the `function` of the MonitoredLambda that runs reconcile",
}
"""The outputs that verbs read, each with the value that a program exports under this name."""
_HIDDEN: Final = "[secret]"  # printed by `pulumi stack output` instead of a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentTarget:
    """A deployed program: its outputs (see `__main__.py`), and boto3 clients for its account."""

    name: str
    outputs: Mapping[str, Any]
    client: Callable[[str], Any]

    def output(self, name: str) -> str:
        """Return an output of the program.

        Raises:
            CommandFailed: the program does not export it, or exports something other than a plain string.
        """
        if name not in self.outputs:
            raise CommandFailed(
                f"This verb needs the output {name}, and the program in the {self.name} does not export it. "
                f"Export {OUTPUT_SOURCES[name]} under this name, or use another --stage or --instance. "
                f"Exported: {', '.join(sorted(self.outputs))}."
            )
        value = self.outputs[name]
        if not isinstance(value, str) or not value:
            raise CommandFailed(f"The output {name} of the {self.name} must be a string, got {json.dumps(value)}.")
        if value == _HIDDEN:
            raise CommandFailed(f"The output {name} of the {self.name} is a secret. Export it as a plain value.")
        return value


def resolve_target(stage: str | None, instance: str) -> DeploymentTarget:
    """Return the stack `stage`, or the embedded AWS `instance` of this folder if no stage is given."""
    return stack_target(stage) if stage else embedded_target(instance)


def embedded_target(name: str) -> DeploymentTarget:
    """Return the embedded AWS `name`, which must be running with a deployed program."""
    instance = local_instance(name)
    if not instance.is_running:
        raise CommandFailed("The embedded AWS is not running. Start it with `booking up`, or name a --stage.")
    outputs = instance.outputs()
    if not outputs:
        raise CommandFailed("Nothing is deployed in the embedded AWS, or its program has no outputs. Run `booking up`.")
    return DeploymentTarget(
        name=f"embedded AWS ({name})", outputs=outputs, client=_convert_instance_errors(instance.client)
    )


def local_instance(name: str) -> Instance:
    """Return the instance `name` of the working directory, or reject an invalid name."""
    try:
        return Instance.at(Path.cwd(), name)
    except InvalidInstanceName as error:
        raise UsageError(f"{error} (--instance or BOOKING_INSTANCE)") from error
    except ForeignFolder as error:
        raise CommandFailed(str(error)) from error


def stack_target(stage: str) -> DeploymentTarget:
    """Return a stack that the Pulumi CLI knows, with the caller's own AWS credentials."""
    outputs = _stack_outputs(stage)
    if not outputs:
        raise CommandFailed(f"Stack {stage} has no outputs. Deploy it with `pulumi up -s {stage}`.")
    return DeploymentTarget(name=f"stack {stage}", outputs=outputs, client=stack_client(outputs))


def stack_client(outputs: Mapping[str, Any], region: str | None = None) -> Callable[[str], Any]:
    """Return a function that makes boto3 clients with the caller's credentials, in `region` or that of the outputs."""
    import boto3  # imported late: it takes half a second, which other verbs and usage errors save

    session = boto3.Session(region_name=region or _region(outputs))

    def client(service: str) -> Any:
        # boto3-stubs overload `client` by literal service names; a verb passes any.
        return session.client(service)  # type: ignore[call-overload]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportCallIssue, reportArgumentType]

    return client


def stack_outputs_if_deployed(stage: str) -> Mapping[str, Any]:
    """Return the outputs of a stack, or none if it was never deployed."""
    try:
        return _stack_outputs(stage)
    except CommandFailed as error:
        if "no stack named" in str(error):
            return {}
        raise


def _stack_outputs(stage: str) -> Mapping[str, Any]:
    if not Path("Pulumi.yaml").exists():
        raise UsageError("There is no Pulumi.yaml here. Run this command in the folder of the program.")
    if shutil.which("pulumi") is None:
        raise CommandFailed("--stage reads the stack's outputs with the Pulumi CLI. Install `pulumi` first.")
    command = ["pulumi", "stack", "output", "--json", "--stack", stage, "--non-interactive"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        lines = (completed.stderr or completed.stdout).strip().splitlines()
        raise CommandFailed(
            f"Pulumi could not read the outputs of stack {stage}: {lines[-1] if lines else 'no reason'}"
        )
    return dict(json.loads(completed.stdout))


def _region(outputs: Mapping[str, Any]) -> str | None:
    """Return the output `region`, else the region of an ARN among the outputs, else None for the caller's default."""
    if isinstance(region := outputs.get("region"), str):
        return region
    arns = (value.split(":") for value in outputs.values() if isinstance(value, str) and value.startswith("arn:"))
    return next((parts[3] for parts in arns if len(parts) > 3 and parts[3]), None)


def _convert_instance_errors(connect: Callable[[str], Any]) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        try:
            return connect(service)
        except InstanceError as error:
            raise CommandFailed(str(error)) from error

    return client
