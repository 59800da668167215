"""The application: routes, errors, and the guard around them."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from handlers.domain.errors import BookingError

from ..rendering import FOLDER, render
from .actions import Actions
from .console_services import ConsoleServices
from .entrance import Entrance
from .guard import RequestGuard
from .own_decisions import OwnDecisions
from .page_frame import Views
from .pages import Pages

_STATIC = FOLDER / "static"


def build_application(services: ConsoleServices, entrance: Entrance) -> RequestGuard:
    """Return the console as an ASGI application. Routes that write exist only if the services support them."""
    views = Views(services=services, entrance=entrance)
    application = Starlette(
        routes=[*_reading(views), *_writing(views)],
        exception_handlers=_error_pages(views),
    )
    return RequestGuard(application, entrance)


def _reading(views: Views) -> list[BaseRoute]:
    pages = Pages(views=views)
    return [
        Route("/start", _start(views.entrance)),
        Route("/style.css", _file("style.css", "text/css")),
        Route("/live.js", _file("live.js", "text/javascript")),
        Route("/", _redirect_to_orders),
        Route("/orders", pages.orders),
        Route("/orders/{order_id}", pages.order),
        Route("/search", pages.search),
        Route("/attention", pages.attention),
        Route("/approvals", pages.approvals),
        Route("/executions", pages.executions),
        Route("/executions/{arn}", pages.execution),
        Route("/trust", pages.trust),
        Route("/days", pages.days),
    ]


def _writing(views: Views) -> list[BaseRoute]:
    if views.services.decide is not None:
        return [Route("/orders/{order_id}/decisions", OwnDecisions(views=views).decide, methods=["POST"])]
    if not views.services.can_write:
        return []
    actions = Actions(views=views)
    return [
        Route("/purchase", actions.purchase_form, methods=["GET"]),
        Route("/purchase", actions.purchase, methods=["POST"]),
        Route("/orders/{order_id}/refunds", actions.refund, methods=["POST"]),
        Route("/orders/{order_id}/captures", actions.capture, methods=["POST"]),
        Route("/orders/{order_id}/cancellations", actions.cancel, methods=["POST"]),
        Route("/orders/{order_id}/decisions", actions.decide, methods=["POST"]),
    ]


def _redirect_to_orders(_: Request) -> Response:
    return RedirectResponse("/orders", status_code=303)


def _start(entrance: Entrance) -> Callable[[Request], Response]:
    def start(request: Request) -> Response:
        """Exchange the start token for the session cookie.

        The page then navigates on by itself: a redirect would still belong to the linking site's navigation, without
        the cookie.
        """
        cookie = entrance.redeem(request.query_params.get("token", ""))
        if cookie is None:
            return HTMLResponse(render("start.html", is_open=False), status_code=403)
        return HTMLResponse(render("start.html", is_open=True), headers={"set-cookie": cookie})

    return start


def _file(name: str, media_type: str) -> Callable[[Request], Response]:
    def serve(_: Request) -> Response:
        return FileResponse(_STATIC / name, media_type=media_type)

    return serve


def _error_pages(views: Views) -> dict[Any, Callable[[Request, Exception], Response]]:
    def show_http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        message = "There is no such page." if status == 404 else "This page does not accept such a request."
        return views.problem(request, status, message)

    def show_aws_error(request: Request, error: Exception) -> Response:
        return views.problem(request, 502, f"AWS returned an error: {error}")

    def show_unexpected_error(request: Request, error: Exception) -> Response:
        return views.problem(request, 500, f"The page could not be rendered: {error}")

    aws = dict.fromkeys((ClientError, BotoCoreError, BookingError), show_aws_error)
    return {HTTPException: show_http_error, **aws, Exception: show_unexpected_error}
