"""Render a page of the live console: the frame with its navigation, and the common values."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from ..rendering import render
from .console_services import ConsoleServices
from .entrance import Entrance

NAVIGATION: Final = (
    ("/orders", "Orders"),
    ("/attention", "Attention"),
    ("/approvals", "Approvals"),
    ("/executions", "Executions"),
    ("/trust", "Trust"),
    ("/days", "Days"),
)
_WRITING: Final = (("/purchase", "New purchase"),)
_MAX_QUERY: Final = 200
"""Maximum characters of a query parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The pages' common values."""

    services: ConsoleServices
    entrance: Entrance

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a rendered page."""
        links = (*NAVIGATION, *(_WRITING if self.services.can_write else ()))
        frame = {
            "links": links,
            "here": request.url.path,
            "source": self.services.deployment.name,
            "read_at": self.services.now(),
            "can_write": self.services.can_write,
            "asks_for_token": self.services.decide is not None,
            "csrf": self.entrance.csrf_token,
            "request_id": f"console-{secrets.token_hex(8)}",
        }
        return HTMLResponse(render(template, **frame, **values), status_code=status)

    def problem(self, request: Request, status: int, message: str) -> HTMLResponse:
        """Return a page that states the problem and what to do."""
        return self.page(request, "problem.html", status, message=message)


def parameter(request: Request, name: str) -> str:
    """Return a query parameter without surrounding space; empty if it is missing or absurdly long."""
    value = request.query_params.get(name, "").strip()
    return value if len(value) <= _MAX_QUERY else ""


def redirect(path: str, query: Mapping[str, str] | None = None) -> RedirectResponse:
    """Return a redirect to a page of the console."""
    target = quote(path, safe="/:@") + (f"?{urlencode(query)}" if query else "")
    return RedirectResponse(target, status_code=303)
