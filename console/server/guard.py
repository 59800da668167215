"""The guard before every route: reject requests of other sites, names and users, and harden every answer.

Host         must be 127.0.0.1:<port>, so that a name that was rebound to 127.0.0.1 gets nothing Origin must be ours if
it is sent, and must be sent with every POST Fetch site   a request that another site caused is refused, even with a
cookie session      every page needs the cookie that /start set
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from .entrance import Entrance

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY: Final = 65_536
START: Final = "/start"
_OPEN: Final = (START, "/style.css")
_FORM: Final = "application/x-www-form-urlencoded"
_HEADERS: Final = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """The head of a request: method, path and the headers, of which each may be repeated."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str:
        """Return a header that was sent exactly once, else an empty string."""
        found = self.values(name)
        return found[0] if len(found) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer of the guard: a status, and a message for people."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """The guard, as ASGI middleware."""

    app: Application
    entrance: Entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._guard(scope, receive, _harden(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = head_of(scope)
        refused = judge(head, self.entrance)
        if refused is not None:
            await _answer(send, refused)
            return
        body = await _read_body(receive)
        if body is None:
            await _answer(send, Refused(status=413, message=f"A form may have at most {MAX_BODY} bytes."))
            return
        await self.app(scope, _replay(body, receive), send)


def head_of(scope: Scope) -> RequestHead:
    """Return the head of a request."""
    headers = ((key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in scope["headers"])
    return RequestHead(method=str(scope["method"]), path=str(scope["path"]), headers=tuple(headers))


def judge(head: RequestHead, entrance: Entrance) -> Refused | None:
    """Return the refusal of a request, or None."""
    if head.value("host") != entrance.host:
        return Refused(status=421, message=f"This console answers only at {entrance.origin}.")
    if head.method not in ("GET", "HEAD", "POST"):
        return Refused(status=405, message="This console answers GET, HEAD and POST.")
    if not _is_same_origin(head, entrance):
        return Refused(status=403, message="Another site caused this request, so it was refused.")
    if head.method == "POST" and head.value("content-type").partition(";")[0].strip() != _FORM:
        return Refused(status=415, message=f"A form must be sent as {_FORM}.")
    if head.path not in _OPEN and not entrance.knows(head.value("cookie")):
        return Refused(
            status=401,
            message="No session. Open the address that `booking console` printed; it works once. "
            "For a new address, start the console again.",
        )
    return None


def _is_same_origin(head: RequestHead, entrance: Entrance) -> bool:
    origins = head.values("origin")
    if head.method == "POST" and origins != [entrance.origin]:
        return False
    if origins and origins != [entrance.origin]:
        return False
    if head.path == START and head.method == "GET":
        return True  # reached from a terminal, a mail or a file; the token decides
    return head.values("sec-fetch-site") in ([], ["same-origin"], ["none"])


def _harden(send: Send) -> Send:
    async def harden(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in _HEADERS}
            kept_headers = [pair for pair in message.get("headers", ()) if pair[0].decode("latin-1").lower() not in own]
            message = {**message, "headers": [*kept_headers, *_encode_headers(_HEADERS)]}
        await send(message)

    return harden


async def _answer(send: Send, refused: Refused) -> None:
    body = f"{refused.message}\n".encode()
    headers = (("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body))))
    await send({"type": "http.response.start", "status": refused.status, "headers": _encode_headers(headers)})
    await send({"type": "http.response.body", "body": body})


def _encode_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _read_body(receive: Receive) -> bytes | None:
    """Read a body of at most 64 KiB; None if it is longer."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = bytes(message.get("body", b""))
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
