"""The deployed program that pages are read from."""

from collections.abc import Mapping
from typing import Any, Protocol


class Deployment(Protocol):
    """A deployed program: its outputs, and boto3 clients for its account."""

    @property
    def name(self) -> str:
        """Name for people, such as "stack prod"."""
        ...

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The outputs of the program."""
        ...

    def client(self, service: str, /) -> Any:  # boto3's clients have no common type
        """Return the boto3 client of a service."""
        ...

    def output(self, name: str) -> str:
        """Return an output that must exist, or raise an error for people."""
        ...
