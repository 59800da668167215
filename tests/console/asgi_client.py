"""A client of an ASGI application in this process that can send any header, like an attacker."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from console.server.application import build_application
from console.server.console_services import ConsoleServices
from console.server.entrance import Entrance

PORT = 8123
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PageAnswer:
    """A response of the console."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class ConsoleClient:
    """A browser of one console: `open` exchanges the start token for a cookie that later requests send."""

    services: ConsoleServices
    entrance: Entrance = field(default_factory=lambda: Entrance(port=PORT))
    cookie: str = ""

    def __post_init__(self) -> None:
        self.app = build_application(self.services, self.entrance)

    def open(self) -> "ConsoleClient":
        """Exchange the start token."""
        answer = self.send("GET", f"/start?token={self.entrance.start_token}")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def get(self, path: str) -> PageAnswer:
        """Get a page with the headers of a link in the console."""
        return self.send("GET", path, [("host", HOST), ("cookie", self.cookie), ("sec-fetch-site", "same-origin")])

    def post(self, path: str, **fields: str) -> PageAnswer:
        """Send a form with the headers and the token of the console's own pages."""
        return self.send_form(path, {"csrf": self.entrance.csrf_token, **fields})

    def send_form(self, path: str, fields: dict[str, str], *overrides: tuple[str, str]) -> PageAnswer:
        """Send a form, with headers that replace the usual ones."""
        headers = {"host": HOST, "origin": ORIGIN, "cookie": self.cookie, "sec-fetch-site": "same-origin"}
        headers |= {"content-type": "application/x-www-form-urlencoded"} | dict(overrides)
        return self.send("POST", path, [pair for pair in headers.items() if pair[1]], urlencode(fields).encode())

    def send(self, method: str, path: str, headers: Headers = (("host", HOST),), body: bytes = b"") -> PageAnswer:
        """Send exactly these headers."""
        return asyncio.run(self._send(method, path, headers, body))

    async def _send(self, method: str, path: str, headers: Headers, body: bytes) -> PageAnswer:
        sent: list[dict[str, Any]] = []
        received = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(received, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        route, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": route, "raw_path": route.encode(), "root_path": "", "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
            "client": ("127.0.0.1", 5), "server": ("127.0.0.1", PORT),
        }  # fmt: skip
        await self.app(scope, receive, send)
        start = sent[0]
        response_headers = {name.decode(): value.decode() for name, value in start["headers"]}
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        return PageAnswer(start["status"], response_headers, text)


def fields_of(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
