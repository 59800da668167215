"""Routes for refunds and resolutions that wait for another person, and for that person's decision."""

from typing import Any, Final

from ...domain.ledger import key_of
from ...domain.order import Order
from .api_dependencies import ApiServices
from .cursors import CursorPosition, decode_cursor, encode_cursor
from .http_calls import ApiProblem, Call, Reply
from .identity import Caller
from .page_reads import attention_partitions, collect_page, load_listed, read_limit
from .reading import find_order, load_readable_order
from .requesting import build_request, start
from .views import view_approvals

_FAR_FUTURE: Final = "9999"  # after every formatted instant
_FILTER: Final = {"list": "approvals"}


def list_approvals(services: ApiServices, call: Call, _caller: Caller) -> Reply:
    """Answer with a page of waiting refunds and resolutions, and the cursor of the next page."""
    if call.query.keys() - {"limit", "cursor"}:
        raise ApiProblem(400, "BAD_FILTER", "The only query parameters are limit and cursor.")
    limit = read_limit(call)
    position = decode_cursor(call.query["cursor"], _FILTER) if "cursor" in call.query else CursorPosition()
    ids, after = collect_page(services, list(attention_partitions(_FAR_FUTURE)), position, limit)
    waiting = [each for order in load_listed(services, ids) for each in view_approvals(order)]
    body: dict[str, Any] = {"approvals": waiting}
    return Reply(status=200, body=body | ({"cursor": encode_cursor(after, _FILTER)} if after else {}))


def decide(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Start a decision. It may already have been made, because a repeated call gets its first answer."""
    _require_decider(services, caller)
    order, subject = find_order(services, call), call.path.get("subject", "")
    if order is None or not _needed_decision(order, subject):
        raise ApiProblem(404, "APPROVAL_NOT_FOUND", "No refund or case with this id is waiting for a decision.")
    server_fields = {
        "action": "decide",
        "order_id": order.order_id,
        "subject": subject,
        "requested_by": caller.person_id,
    }
    payload, request = build_request(call, server_fields)
    return start(services, call, caller, payload, request)


def resolve(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Start the proposal to close a case."""
    _require_decider(services, caller)
    order, subject = load_readable_order(services, call, caller), call.path.get("subject", "")
    if not _has_case(order, subject):
        raise ApiProblem(404, "CASE_NOT_FOUND", "This order has no case with this id. GET the order to see its cases.")
    server_fields = {
        "action": "resolve",
        "order_id": order.order_id,
        "subject": subject,
        "requested_by": caller.person_id,
    }
    payload, request = build_request(call, server_fields)
    return start(services, call, caller, payload, request)


def _require_decider(services: ApiServices, caller: Caller) -> None:
    if caller.is_machine and caller.sub not in services.settings.deciding_clients:
        message = "Only a person may do this, or a client that the stage lists in apiDecidingClients."
        raise ApiProblem(403, "MACHINE_NOT_ALLOWED", f"{message} This token belongs to another machine client.")


def _needed_decision(order: Order, subject: str) -> bool:
    refund = order.account.refunds.get(subject)
    return (refund is not None and refund.held) or subject in order.account.cases


def _has_case(order: Order, subject: str) -> bool:
    """Return whether the order has, or had, a case with this id or about this subject."""
    cases = order.account.cases.values()
    return any(key_of(subject) in (each.case_id, key_of(each.about)) for each in cases)
