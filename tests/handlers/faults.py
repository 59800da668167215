"""Planned faults: calls that fail before or after their effect, and processes that die."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from urllib3.exceptions import ProtocolError

from tests.support.stripe.pool import DoublePool, PooledReply


class Crash(BaseException):
    """The process dies: nothing catches it."""


@dataclass
class Faults:
    """Faults by the number of the call since they were armed."""

    plan: dict[int, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    seen: int = 0
    between: dict[int, Callable[[Any], None]] = field(default_factory=dict)
    """Actions just before a call, each taken once."""

    def arm(self, **plan: str) -> None:
        """`arm(at_0="throttle")`; modes: crash_before, crash_after, throttle, lost_reply, lost_request."""
        self.plan, self.seen = {int(at.removeprefix("at_")): mode for at, mode in plan.items()}, 0

    def call(self, name: str, make: Callable[[], Any]) -> Any:
        if meanwhile := self.between.pop(self.seen, None):
            meanwhile(name)
        mode = self.plan.get(self.seen)
        self.seen += 1
        self.calls.append(name)
        match mode:
            case "crash_before":
                raise Crash
            case "throttle":
                answer = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
                raise ClientError(answer, name)  # type: ignore[arg-type]
            case "lost_request":
                raise EndpointConnectionError(endpoint_url="https://aws.example")
        try:
            return make()
        finally:
            if mode == "crash_after":
                raise Crash
            if mode == "lost_reply":
                raise ReadTimeoutError(endpoint_url="https://aws.example")


MODES = ("crash_before", "crash_after", "throttle", "lost_reply", "lost_request")


class Counted:
    """A client whose calls are counted by operation and fail as planned."""

    def __init__(self, client: Any, faults: Faults) -> None:
        self._client, self._faults = client, faults

    def __getattr__(self, operation: str) -> Any:
        method = getattr(self._client, operation)

        def invoke(**request: Any) -> Any:
            table = request.get("TableName") or request.get("Bucket") or ""
            return self._faults.call(f"{operation} {table}".strip(), lambda: method(**request))

        return invoke


@dataclass(slots=True)
class CountedPool:
    """A pool of HTTP connections whose calls are counted, and fail as planned in the way of HTTP."""

    pool: DoublePool
    faults: Faults

    def request(self, method: str, url: str, **request: Any) -> PooledReply:
        """Send a request."""
        try:
            return self.faults.call(f"{method} stripe", lambda: self.pool.request(method, url, **request))
        except ClientError:
            error = b'{"error": {"type": "invalid_request_error", "code": "rate_limit"}}'
            return PooledReply(429, error, {})
        except (EndpointConnectionError, ReadTimeoutError) as broken:
            raise ProtocolError(str(broken)) from broken
