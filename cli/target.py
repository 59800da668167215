"""What the verbs talk to: the running embedded AWS of this folder, or a deployed stack through its outputs."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import ForeignFolder, InstanceError, InvalidName
from local.instance import Instance

from .failures import CommandFailed, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A deployed stack: its outputs (see `__main__.py`) and boto3 clients for where it lies."""

    name: str
    outputs: Mapping[str, Any]
    client: Callable[[str], Any]


def resolve_target(stage: str | None, instance: str) -> Target:
    """The stack called `stage`, or without one the embedded AWS called `instance` of this folder."""
    return stack_target(stage) if stage else embedded_target(instance)


def embedded_target(name: str) -> Target:
    """The embedded AWS, which must be running with a deployed program."""
    instance = local_instance(name)
    if not instance.running:
        raise CommandFailed("The embedded AWS is not running: start it with `booking up` (or name a --stage).")
    outputs = instance.outputs()
    if not outputs:
        raise CommandFailed("The embedded AWS runs, but nothing is deployed in it: run `booking up`.")
    return Target(name=f"embedded AWS ({name})", outputs=outputs, client=_convert_instance_errors(instance.client))


def local_instance(name: str) -> Instance:
    """Return the instance `name` of the working directory, or refuse a name that is not one."""
    try:
        return Instance.at(Path.cwd(), name)
    except InvalidName as error:
        raise UsageError(f"{error} (--instance or BOOKING_INSTANCE)") from error
    except ForeignFolder as error:
        raise CommandFailed(str(error)) from error


def stack_target(stage: str) -> Target:
    """A stack that the Pulumi CLI knows, read through its outputs, reached with the caller's own AWS credentials."""
    outputs = _stack_outputs(stage)
    if "stateMachineArn" not in outputs:
        raise CommandFailed(f"The stack {stage} has no output stateMachineArn: deploy it with `pulumi up -s {stage}`.")
    import boto3  # half a second that a misspelt command need not wait for

    session: Any = boto3.Session(region_name=str(outputs["region"]))
    return Target(name=f"stack {stage}", outputs=outputs, client=session.client)


def _stack_outputs(stage: str) -> Mapping[str, Any]:
    if not Path("Pulumi.yaml").exists():
        raise UsageError("There is no Pulumi.yaml here: run this in the folder of the program.")
    if shutil.which("pulumi") is None:
        raise CommandFailed("--stage asks the Pulumi CLI for the stack's outputs: install `pulumi` first.")
    asked = ["pulumi", "stack", "output", "--json", "--stack", stage, "--non-interactive"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        raise CommandFailed(f"Pulumi does not know the outputs of {stage}: {said[-1] if said else 'it said nothing'}")
    return dict(json.loads(ran.stdout))


def _convert_instance_errors(connect: Callable[[str], Any]) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        try:
            return connect(service)
        except InstanceError as error:
            raise CommandFailed(str(error)) from error

    return client
