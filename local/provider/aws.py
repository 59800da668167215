"""The embedded AWS for resource classes: clients, facts about the account, and a folder for packages."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from .journal import MARKER_TAG
from .property_values import ReadonlyValues

ACCOUNT = "000000000000"
REGION = "us-east-1"
PARTITION = "aws"


class AwsClient(Protocol):
    """A boto3 client: one method per operation of its service, with the operation's parameters."""

    def __getattr__(self, operation: str, /) -> Callable[..., Any]: ...


@dataclass(frozen=True, kw_only=True)
class Aws:
    """One embedded AWS, with an administrator's rights."""

    connect: Callable[[str], AwsClient]
    """Creates a boto3 client of a service."""
    folder: Path
    """The instance's run folder."""
    account: str = ACCOUNT
    region: str = REGION
    partition: str = PARTITION
    default_tags: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[str, AwsClient] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, service: str) -> AwsClient:
        """Return the client of a service, created once. Threads may share clients but not create them concurrently."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.connect(service)
            return self._clients[service]

    @cached_property
    def caller(self) -> ReadonlyValues:
        """Return the caller's identity, read once: programs ask for it with every policy, and it never changes."""
        answer: ReadonlyValues = self.client("sts").get_caller_identity()
        return answer

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """Return the ARN of a resource in this account."""
        return ":".join(
            (
                "arn",
                self.partition,
                service,
                self.region if region else "",
                self.account if account else "",
                resource,
            )
        )

    def tags(self, inputs: ReadonlyValues) -> dict[str, str]:
        """Return a resource's tags over the program's default ones."""
        return {**self.default_tags, **(inputs.get("tags") or {})}

    def marker_tag(self, marker: str) -> dict[str, str]:
        """Return the tag by which an orphan of the creation `marker` is found."""
        return {MARKER_TAG: marker}


def is_not_found(error: ClientError) -> bool:
    """Return whether AWS reports that the resource does not exist."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 404 or any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist", "NonExistent"))
