"""Answer a call: identify the caller, check the role, and dispatch to the route's function."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from json import loads
from typing import Any, Final

from ...contracts.api_routes import OPENAPI, ROUTES, Route
from ...domain.answers import Answer
from ...domain.canonical import format_instant
from ...domain.errors import BookingError, PaymentOutcomeUnknown, Unavailable
from ...domain.order import NewerRelease
from ...domain.outcomes import answer_of, refuse_reused_key
from ...domain.requests import IssueRefund, Origin, Request
from ...domain.rules.refunds import reserve_refund
from .api_dependencies import ApiServices
from .approval_queue import decide, list_approvals, resolve
from .execution_results import service_problem, status_of_rejection
from .http_calls import ApiProblem, Call, Reply
from .identity import Caller, identify
from .reading import list_orders, list_refunds, load_readable_order, show_order, show_payment_action
from .requesting import IDENTIFIER, build_request, show_request, start
from .views import view_stock

RouteFunction = Callable[[ApiServices, Call, Caller], Reply]


def answer(event: Mapping[str, Any], services: ApiServices) -> dict[str, Any]:
    """Answer a call from API Gateway. Only its route, status and hashed subject are logged."""
    call = Call.of(event)
    route = _ROUTES.get(call.route)
    caller: Caller | None = None
    try:
        if route is None:
            raise ApiProblem(404, "ROUTE_NOT_FOUND", "This route does not exist. /openapi.json describes every route.")
        caller = None if route.is_public else _authorize(services, call, route)
        reply = _PUBLIC_ROUTES[route.name]() if caller is None else _ROUTE_FUNCTIONS[route.name](services, call, caller)
    except ApiProblem as problem:
        reply = problem.reply(call.trace)
    except NewerRelease:
        reply = service_problem(
            "A newer release has changed this order. Repeat the call once that release is deployed again."
        ).reply(call.trace)
    except (PaymentOutcomeUnknown, Unavailable):
        reply = service_problem("A service did not answer. It is safe to repeat the call.").reply(call.trace)
    except BookingError as error:
        services.deps.log.log_step("api", error=type(error).__name__, message=str(error), trace=call.trace[:128])
        reply = service_problem("The system needs repair, and its operators have been notified.").reply(call.trace)
    _log(services, call, reply, caller)
    return reply.as_event(call.trace)


def _authorize(services: ApiServices, call: Call, route: Route) -> Caller:
    """Return the caller of a route.

    Raises:
        ApiProblem: 401 or 403.
    """
    caller = identify(call, services.rules, services.now())
    if caller.roles.isdisjoint(route.roles):
        allowed = ", ".join(sorted(route.roles))
        raise ApiProblem(403, "ROLE_NOT_ALLOWED", f"{route.key} is for {allowed}.")
    return replace(caller, roles=caller.roles & route.roles)


def _log(services: ApiServices, call: Call, reply: Reply, caller: Caller | None) -> None:
    person = caller.person_id if caller else None
    route = call.route if call.route in _ROUTES else None
    services.deps.log.log_step("api", route=route, status=reply.status, person=person, trace=call.trace[:128])


def _purchase(services: ApiServices, call: Call, caller: Caller) -> Reply:
    payload, request = build_request(call, {"action": "purchase", "customer_id": caller.person_id})
    return start(services, call, caller, payload, request)


def _refund(services: ApiServices, call: Call, caller: Caller) -> Reply:
    if call.query.keys() - {"dry_run"} or call.query.get("dry_run", "false") not in ("true", "false"):
        raise ApiProblem(400, "BAD_FILTER", "The only query parameter is dry_run, which must be true or false.")
    order = load_readable_order(services, call, caller)
    server_fields = {"action": "refund", "order_id": order.order_id, "requested_by": caller.person_id}
    payload, request = build_request(call, server_fields)
    if call.query.get("dry_run") == "true":
        return _preview(services, call, caller, request)
    return start(services, call, caller, payload, request)


def _capture(services: ApiServices, call: Call, caller: Caller) -> Reply:
    return _request_on_order("capture", services, call, caller)


def _cancel(services: ApiServices, call: Call, caller: Caller) -> Reply:
    return _request_on_order("cancel", services, call, caller)


def _request_on_order(action: str, services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Start a request that only needs its order."""
    order = load_readable_order(services, call, caller)
    server_fields = {"action": action, "order_id": order.order_id, "requested_by": caller.person_id}
    payload, request = build_request(call, server_fields, needs_body=False)
    return start(services, call, caller, payload, request)


def _preview(services: ApiServices, call: Call, caller: Caller, request: Request) -> Reply:
    """Answer with the effect that a refund would have now, or with the state of the refund that already has its key."""
    assert isinstance(request, IssueRefund)
    order, now = load_readable_order(services, call, caller), format_instant(services.now())
    if accepted := order.find_request(request.key):
        is_same = accepted.is_repeated_by(request, order.salt)
        answer = answer_of(order, request.key) if is_same else refuse_reused_key(request)
        return _preview_repeat(answer, is_final=accepted.answer is not None)
    change = reserve_refund(order, request, Origin(execution="dry-run", requested_at=now, channel="api"), now)
    if isinstance(change, Answer):
        raise _preview_refusal(change)
    after = change.after.account
    body = {
        "dry_run": True,
        "amount_minor": after.refunds[request.refund_id].amount_minor,
        "currency": order.currency,
        "refundable_minor": after.refundable_minor,
    }
    return Reply(status=200, body=body)


def _preview_repeat(answer: Answer, *, is_final: bool) -> Reply:
    """Answer with the stored or current state of a refund, as a repeated request would."""
    if answer.status in ("rejected", "failed"):
        raise _preview_refusal(answer)
    fields = {name: value for name, value in answer.as_json().items() if name != "schema" and value is not None}
    return Reply(status=200, body={"dry_run": True, **fields, "replayed": is_final})


def _preview_refusal(refusal: Answer) -> ApiProblem:
    return ApiProblem(status_of_rejection(refusal.code), str(refusal.code), refusal.message, {"dry_run": True})


def _show_stock(services: ApiServices, call: Call, _caller: Caller) -> Reply:
    sku = call.path.get("sku", "")
    item = services.load_stock(sku) if IDENTIFIER.fullmatch(sku) else None
    if item is None:
        raise ApiProblem(404, "SKU_NOT_FOUND", "There is no such SKU.")
    return Reply(status=200, body=view_stock(item))


def _show_caller(_services: ApiServices, _call: Call, caller: Caller) -> Reply:
    identity = {"id": caller.person_id, "issuer": caller.iss, "subject": caller.sub, "is_machine": caller.is_machine}
    return Reply(status=200, body={**identity, "roles": sorted(caller.roles)})


@cache
def _openapi() -> Mapping[str, Any]:
    document: Mapping[str, Any] = loads(OPENAPI.read_text(encoding="utf-8"))
    return document


_ROUTES: Final = {route.key: route for route in ROUTES}
_PUBLIC_ROUTES: Final[Mapping[str, Callable[[], Reply]]] = {
    "show_openapi": lambda: Reply(status=200, body=_openapi()),
    "show_health": lambda: Reply(status=200, body={"status": "ok"}),
}
_ROUTE_FUNCTIONS: Final[Mapping[str, RouteFunction]] = {
    "purchase": _purchase,
    "refund": _refund,
    "capture": _capture,
    "cancel": _cancel,
    "list_approvals": list_approvals,
    "decide": decide,
    "resolve": resolve,
    "list_orders": list_orders,
    "show_order": show_order,
    "list_refunds": list_refunds,
    "show_payment_action": show_payment_action,
    "show_request": show_request,
    "show_stock": _show_stock,
    "show_caller": _show_caller,
}
