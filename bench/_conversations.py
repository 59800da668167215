"""The AWS calls of each function for one request, and a server that replays the answers.

A conversation is recorded by running the real function on the fakes of the tests. The server answers these calls in
this order, immediately and without checking them, so that only the caller is measured.
"""

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from handlers.contracts.api_routes import Role
from handlers.publish import publish
from handlers.purchase import purchase
from handlers.reconcile import reconcile
from handlers.record import record
from handlers.refund import refund
from handlers.runtime.api.answering import answer
from handlers.runtime.api.api_dependencies import ApiServices
from handlers.runtime.dependencies import Dependencies
from tests.api.api_callers import Api, purchase_body
from tests.fakes.api_gateway import claims_of, event_of
from tests.handlers.world import purchase_of, refund_of

REGION: Final = "eu-central-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCall:
    """One call, as a method of a boto3 client, and its answer."""

    service: str
    operation: str
    request: Mapping[str, Any]
    reply: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The calls of one function for one event."""

    function: str
    event: Any
    environment: Mapping[str, str]
    calls: tuple[AwsCall, ...]


@dataclass
class _CallRecorder:
    """Clients that record their calls."""

    clients: Callable[[str], Any]
    calls: list[AwsCall] = field(default_factory=list)

    def __call__(self, service: str) -> Any:
        return _RecordedClient(service, self.clients(service), self.calls)


class _RecordedClient:
    def __init__(self, service: str, client: Any, calls: list[AwsCall]) -> None:
        self._service, self._client, self._calls = service, client, calls

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            reply = getattr(self._client, operation)(**request)
            self._calls.append(AwsCall(service=self._service, operation=operation, request=request, reply=reply))
            return reply

        return call


def record_conversations() -> dict[str, Conversation]:
    """Return the conversation of each function: a purchase and its consequences."""
    shop = Api()
    shop.world.clock.now = datetime.now(UTC)  # functions do not resend old requests
    shop.world.stock(MUG=(800, 50))
    bought = shop.world.message(purchase_of(MUG=(2, 800)))
    purchased = _record("purchase", bought, shop, purchase)
    result = purchase(bought, shop.dependencies())
    recorded = _record("record", {**bought, "result": result}, shop, record)
    refund_message = shop.world.message(refund_of(result["order_id"], amount_minor=300))
    refunded = _record("refund", refund_message, shop, refund)
    reconciled = _record("reconcile", {"schema": 1, "order_id": result["order_id"]}, shop, reconcile)
    published = _record("publish", {"Records": shop.world.dynamodb.streams["orders"][-1:]}, shop, publish)
    opened = _record("api", _call_of_the_api(shop), shop, lambda event, deps: answer(event, ApiServices(deps=deps)))
    return {each.function: each for each in (purchased, refunded, recorded, reconciled, published, opened)}


def _call_of_the_api(shop: Api) -> Mapping[str, Any]:
    token = shop.token("anna", Role.CUSTOMER)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "idempotency-key": "buy-2"}
    body = json.dumps(purchase_body(mug=(1, 500))).encode()
    event = event_of("POST", "/v1/orders", headers, body, claims_of(token))
    assert event is not None
    return event


def _record(function: str, event: Any, shop: Api, run: Callable[[Any, Dependencies], object]) -> Conversation:
    deps = shop.dependencies()
    recorder = _CallRecorder(deps.client)
    run(event, replace(deps, clients=recorder, _clients={}))
    environment = {"BOOKING_GATEWAY": "sandbox", **shop.world.environment}
    return Conversation(function=function, event=event, environment=environment, calls=tuple(recorder.calls))


class AwsDouble(ThreadingHTTPServer):
    """A server on the loopback that answers the calls of a conversation in their order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.replies: list[AwsCall] = []
        self.expected = self.requests = 0
        self.received_bytes = 0

    @property
    def url(self) -> str:
        """The address for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def expect(self, conversation: Conversation, requests: int = 1) -> None:
        """Restart the conversation for a number of requests with these calls."""
        self.replies, self.requests, self.received_bytes = [*conversation.calls] * requests, 0, 0
        self.expected = len(self.replies)

    def check(self) -> None:
        """Fail unless exactly the expected calls were made; otherwise a ratio would compare different work."""
        if self.requests != self.expected:
            raise AssertionError(f"A measured program made {self.requests} calls of AWS instead of {self.expected}.")


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: AwsDouble

    def _answer(self) -> None:
        self.server.received_bytes += len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.requests += 1
        if not self.server.replies:
            self._send(b'{"__type": "ValidationException", "message": "not in the conversation"}', 400)
            return
        call = self.server.replies.pop(0)
        self._send(_body_of(call), 200)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names that http.server calls

    def _send(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _body_of(call: AwsCall) -> bytes:
    """Return the answer to a call in its service's format."""
    if call.service != "s3":
        content = {name: value for name, value in call.reply.items() if name != "ResponseMetadata"}
        return json.dumps(content, default=_blob).encode()
    if call.operation != "list_objects_v2":
        return b""
    listed = "".join(f"<Contents><Key>{each['Key']}</Key></Contents>" for each in call.reply.get("Contents", ()))
    return f"<ListBucketResult>{listed}<IsTruncated>false</IsTruncated></ListBucketResult>".encode()


def _blob(value: object) -> str:
    assert isinstance(value, bytes), value
    return base64.b64encode(value).decode()


@contextlib.contextmanager
def aws_double() -> Iterator[AwsDouble]:
    """Run the server in a thread of this process, whose time is not measured."""
    with AwsDouble() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
