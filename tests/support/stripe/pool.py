"""The double behind the interface of a urllib3 pool, without sockets."""

from collections.abc import Mapping
from dataclasses import dataclass

from urllib3.exceptions import ProtocolError

from tests.support.stripe.double import ConnectionBroken, HttpCall, StripeDouble


@dataclass(frozen=True, slots=True)
class PooledReply:
    """A reply in urllib3's format."""

    status: int
    data: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class DoublePool:
    """The `request` method of `urllib3.PoolManager`, answered by a double in this process."""

    double: StripeDouble

    def request(
        self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str], **_options: object
    ) -> PooledReply:
        """Send a request.

        Raises:
            ProtocolError: the double breaks the connection.
        """
        target = "/" + url.split("://", 1)[1].partition("/")[2]
        try:
            reply = self.double.handle(HttpCall(method=method, target=target, body=body or b"", headers=headers))
        except ConnectionBroken as broken:
            raise ProtocolError(str(broken)) from broken
        return PooledReply(reply.status, reply.body, reply.headers)
