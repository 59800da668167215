"""Errors of an embedded AWS. Each message says what to do.

InstanceError                         the command shows the message and exits 1
├── ToolMissing                       this machine lacks something that the embedded AWS needs
├── PortTaken                         another program listens on the instance's port
├── InvalidInstanceName               the instance's name could lead to another folder
├── ForeignFolder                     the run folder is a link, or was not created by us
├── StartFailed                       the embedded AWS ended, or did not answer, while it was starting
├── NotRunning                        the embedded AWS is needed and is not running
└── EngineError                       the Pulumi engine could not be used
    ├── EngineMissing                 no Pulumi CLI that is new enough was found
    ├── UnknownStage                  the program has no stage file of that name
    ├── PassphraseMissing             the stage file holds secrets that cannot be decrypted here
    ├── StateLocked                   another run is using the same state
    ├── OtherDriver                   the instance was deployed without the engine
    └── EngineKilled                  the engine was killed during an operation
DeploymentFailed                      the program, or one of its resources, could not be deployed
ProviderError                         the provider reports it to its driver, which names the resource
├── UnsupportedType                   no class implements the resource type
├── UnsupportedFunction               no class implements the data source
├── InvalidFunctionArguments          a data source was called with arguments that it does not accept
└── ResourceFailed                    AWS refused to create, read, change or delete one resource
    └── PartiallyCreated              the resource exists, but does not match the program yet
"""

from collections.abc import Mapping, Sequence


class InstanceError(Exception):
    """A problem of an instance; its message is shown unchanged."""


class ToolMissing(InstanceError):
    """This machine lacks something that the embedded AWS needs."""


class PortTaken(InstanceError):
    """Another program listens on the instance's port."""


class InvalidInstanceName(InstanceError):
    """The instance's name could lead to another folder."""


class ForeignFolder(InstanceError):
    """The run folder is a link, or was not created by us."""


class StartFailed(InstanceError):
    """The embedded AWS ended, or did not answer, while it was starting."""


class NotRunning(InstanceError):
    """The embedded AWS is needed and is not running."""


class EngineError(InstanceError):
    """The Pulumi engine could not be used."""


class EngineMissing(EngineError):
    """No Pulumi CLI that is new enough was found."""


class UnknownStage(EngineError):
    """The program has no stage file of that name."""


class PassphraseMissing(EngineError):
    """The stage file holds secrets that cannot be decrypted here."""


class StateLocked(EngineError):
    """Another run is using the same state."""


class OtherDriver(EngineError):
    """The instance was deployed without the engine."""


class EngineKilled(EngineError):
    """The engine was killed during an operation."""


class DeploymentFailed(Exception):
    """The program, or one of its resources, could not be deployed."""


class ProviderError(Exception):
    """A problem of one resource or data source, without a stack trace."""


class UnsupportedType(ProviderError):
    """No class implements the resource type."""


class UnsupportedFunction(ProviderError):
    """No class implements the data source."""


class InvalidFunctionArguments(ProviderError):
    """A data source was called with arguments that it does not accept."""


class ResourceFailed(ProviderError):
    """AWS refused to create, read, change or delete the resource `urn`."""

    def __init__(self, urn: str, verb: str, reason: str) -> None:
        super().__init__(f"{name_of(urn)} could not be {verb}: {reason}")
        self.urn = urn
        self.reason = reason


class PartiallyCreated(ResourceFailed):
    """The resource has an id and outputs; `reasons` say how it differs from the program. The next update continues."""

    def __init__(self, urn: str, verb: str, id_: str, outputs: Mapping[str, object], reasons: Sequence[str]) -> None:
        super().__init__(urn, verb, "; ".join(reasons))
        self.id = id_
        self.outputs = outputs
        self.reasons = tuple(reasons)


def name_of(urn: str) -> str:
    """Name a resource in a message: `aws:s3/bucket:Bucket audit-bucket`.

    >>> name_of("urn:pulumi:dev::booking::booking:index:OrderStore$aws:dynamodb/table:Table::orders")
    'aws:dynamodb/table:Table orders'
    """
    *_, types, name = urn.split("::")
    return f"{types.split('$')[-1]} {name}"
