"""What a program itself says about its configuration, where the engine stops at the first value of a wrong type."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import resource_pb2

from ..configuration import configuration
from ..errors import DeploymentFailed
from ..instance import Instance
from ..monitor import Monitor
from ..program import run_program
from ..progress import silent
from ..provider.journal import Journal
from ..provider.provider import Provider


def complaint(instance: Instance, program: Path, stage: str, given: Mapping[str, Any]) -> str | None:
    """The program's refusal of its configuration, with every fault in it; None if it gets as far as a resource."""
    try:
        settings = configuration(program.resolve(), stage, given)
        provider = Provider(instance.aws(), Journal(instance.folder / "nothing.jsonl"))
        run_program(_Deaf(provider, settings.project, stage, silent), settings, program.resolve(), stage)
    except _FarEnough:
        return None
    except DeploymentFailed as failure:
        return None if isinstance(failure.__cause__, _FarEnough) else _without_place(str(failure), program)
    return None


class _FarEnough(DeploymentFailed):
    """The program asks for something: its configuration is good enough for it."""


class _Deaf(Monitor):
    """Creates nothing and answers nothing."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=self._urn(request))
        raise self._failed(_FarEnough(f"it asks for {request.name}"))

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        raise self._failed(_FarEnough(f"it calls {request.tok}"))


def _without_place(sentence: str, program: Path) -> str:
    return sentence.removeprefix(f"The program {program.name} failed: ")
