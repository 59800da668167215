"""Run a program without any AWS, and return its resources.

    for resource in synthesise(Path("__main__.py"), "prod"):
        print(resource.type, resource.name, resource.inputs)

The program and the configuration of its stage are the real ones, without the embedded AWS's issuer of tokens; nothing
is created. Values that only a creation provides (ARNs, URLs, versions) are made up from the resource's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pulumi.runtime.proto import resource_pb2

from ..errors import DeploymentFailed
from ..provider.aws import Aws, AwsClient
from ..provider.journal import Journal
from ..provider.property_values import UNKNOWN, ReadonlyValues, Values
from ..provider.provider import EmbeddedProvider
from ..provider.wire import UnwrappedProperties, wrap
from .deployment_progress import Listener, ignore_progress
from .in_process import run_program
from .monitor import Monitor
from .stack_config import StackConfig, load_config

_CALLER: Final = "aws:index/getCallerIdentity:getCallerIdentity"
_SIGNED: Final = {"signedObjects": [{"s3s": [{"bucket": "signed", "key": "signed"}]}]}
"""Outputs that are not strings: the package that a signing job has written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisedResource:
    """One resource of a program; `inputs` are plain values under their wire names (camelCase)."""

    type: str
    name: str
    inputs: ReadonlyValues


def synthesise(program: Path, stage: str, config: ReadonlyValues | None = None) -> list[SynthesisedResource]:
    """Return the AWS resources of a program at a stage; `config` overrides the stage's file.

    Raises:
        DeploymentFailed: the message names the resource, the configuration key or the program's fault.
    """
    settings = load_config(program.resolve(), stage, config, own_issuer=False)
    provider = EmbeddedProvider(Aws(connect=_refuse, folder=program.parent), Journal(program.parent / "no-journal"))
    monitor = _SynthesisMonitor(provider, settings, ignore_progress)
    run_program(monitor, settings, program.resolve())
    return monitor.synthesised


def _refuse(service: str) -> AwsClient:
    raise DeploymentFailed(f"A synthesis cannot call {service}, because it has no AWS.")


class _SynthesisMonitor(Monitor):
    """A monitor that creates nothing and returns made-up outputs."""

    def __init__(self, provider: EmbeddedProvider, settings: StackConfig, listener: Listener) -> None:
        super().__init__(provider, settings, listener)
        self.synthesised: list[SynthesisedResource] = []

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802 - the protocol's name
        if request.tok != _CALLER:
            return super().Invoke(request)
        aws = self._provider.aws
        caller = {"accountId": aws.account, "arn": aws.arn("iam", "root", region=False), "userId": aws.account}
        answer: Values = {"return": wrap(caller)}  # a keyword in Python
        return resource_pb2.ResourceInvokeResponse(**answer)

    def _provide(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: UnwrappedProperties
    ) -> tuple[str, Values]:
        self.synthesised.append(SynthesisedResource(type=request.type, name=request.name, inputs=inputs.values))
        predicted = self._provider.create(urn, request.type, inputs.values, preview=True).outputs
        return f"{request.name}-id", _fill_unknown_outputs(request, predicted, self._provider.aws)


def _fill_unknown_outputs(
    request: resource_pb2.RegisterResourceRequest, outputs: Mapping[str, Any], aws: Aws
) -> Values:
    """Return the outputs of a preview, with an ARN for each string that only a creation provides."""
    service, _, kind = request.type.split(":")[1].partition("/")
    arn = aws.arn(service.rstrip("_"), f"{kind}:{request.name}")
    known = {name: arn if value is UNKNOWN else value for name, value in outputs.items()}
    return known | ({name: value for name, value in _SIGNED.items() if name in known})
