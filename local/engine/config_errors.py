"""Collect the program's own errors about its configuration; the engine stops at the first value of a wrong type."""

from pathlib import Path

from pulumi.runtime.proto import resource_pb2

from ..drivers.deployment_progress import ignore_progress
from ..drivers.in_process import run_program
from ..drivers.monitor import Monitor
from ..drivers.stack_config import load_config
from ..errors import DeploymentFailed
from ..instance import Instance
from ..provider.journal import Journal
from ..provider.property_values import ReadonlyValues
from ..provider.provider import EmbeddedProvider


def config_errors(instance: Instance, program: Path, stage: str, overrides: ReadonlyValues) -> str | None:
    """Return the program's error about its configuration, with every problem; None if it reaches a resource."""
    try:
        settings = load_config(program.resolve(), stage, overrides)
        provider = EmbeddedProvider(instance.aws(), Journal(instance.folder / "nothing.jsonl"))
        run_program(_DryRunMonitor(provider, settings, ignore_progress), settings, program.resolve())
    except _ReachedFirstResource:
        return None
    except DeploymentFailed as failure:
        return None if isinstance(failure.__cause__, _ReachedFirstResource) else _without_prefix(str(failure), program)
    return None


class _ReachedFirstResource(DeploymentFailed):
    """The signal that the program has reached a resource, so its configuration is valid."""


class _DryRunMonitor(Monitor):
    """A monitor that ends the program at its first resource or data source."""

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802 - the protocol's name
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=self._urn(request))
        raise self._record_failure(_ReachedFirstResource(f"it asks for {request.name}"))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802 - the protocol's name
        raise self._record_failure(_ReachedFirstResource(f"it calls {request.tok}"))


def _without_prefix(message: str, program: Path) -> str:
    return message.removeprefix(f"The program {program.name} failed: ")
