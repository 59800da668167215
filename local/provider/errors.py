"""What can go wrong between a program and the embedded AWS, each one sentence that a user can act on.

ProviderError
├── UnsupportedType          the program asks for a resource type that has no class here
├── UnsupportedFunction      the program calls a data source that has no class here
├── InvalidArguments         a data source was called with arguments that it does not take
└── ResourceFailed           AWS refused to create, read, change or delete one resource
    └── PartiallyCreated     the resource exists, and is not yet what the program asked for
"""

from collections.abc import Mapping, Sequence
from typing import Any


class ProviderError(Exception):
    """The message is the whole story: one sentence, without a stack trace."""


class UnsupportedType(ProviderError):
    """The program asks for a resource type that has no class here."""


class UnsupportedFunction(ProviderError):
    """The program calls a data source that has no class here."""


class InvalidFunctionArguments(ProviderError):
    """A data source was called with arguments that it does not take."""


class ResourceFailed(ProviderError):
    """AWS refused to create, read, change or delete the resource `urn`."""

    def __init__(self, urn: str, verb: str, reason: str) -> None:
        super().__init__(f"{name_of(urn)} could not be {verb}: {reason}")
        self.urn = urn
        self.reason = reason


class PartiallyCreated(ResourceFailed):
    """The resource has an id and outputs, and `reasons` why it is not yet as asked for: the next update goes on."""

    def __init__(self, urn: str, verb: str, id_: str, outputs: Mapping[str, Any], reasons: Sequence[str]) -> None:
        super().__init__(urn, verb, "; ".join(reasons))
        self.id = id_
        self.outputs = outputs
        self.reasons = tuple(reasons)


def name_of(urn: str) -> str:
    """How a sentence names a resource: `aws:s3/bucket:Bucket audit-bucket`.

    >>> name_of("urn:pulumi:dev::booking::booking:index:OrderStore$aws:dynamodb/table:Table::orders")
    'aws:dynamodb/table:Table orders'
    """
    *_, types, name = urn.split("::")
    return f"{types.split('$')[-1]} {name}"
