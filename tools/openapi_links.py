"""The links of the API's OpenAPI document: the calls that an answer leads to, and what of it they need."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_ORDER: Final = {"order_id": "$response.body#/order_id"}
_OF_ORDER: Final = ("show_order", "list_refunds")
_AFTER_PURCHASE: Final = ("refund", "capture", "cancel", "show_payment_action")
_FIRST: Final[Mapping[str, Mapping[str, str]]] = {
    "list_orders": {"order_id": "$response.body#/orders/0/order_id"},
    "list_approvals": {
        "order_id": "$response.body#/approvals/0/order_id",
        "subject": "$response.body#/approvals/0/subject",
    },
}
"""The parameters of the links of lists, read from their first element."""


def links_of(name: str) -> Json:
    """Return the links in the answers of a route that tell of a success."""
    targets: dict[str, Mapping[str, str]] = {}
    if name in _FIRST:
        targets = dict.fromkeys(("decide",) if name == "list_approvals" else _OF_ORDER, _FIRST[name])
    elif name in ("purchase", "refund", "capture", "cancel", "decide", "resolve"):
        targets = {**dict.fromkeys(_OF_ORDER, _ORDER), "show_request": {"handle": "$response.body#/handle"}}
    if name == "purchase":
        targets |= dict.fromkeys(_AFTER_PURCHASE, _ORDER)
    if name == "show_request":
        targets = {"decide": {**_ORDER, "subject": "$response.body#/refund_id"}, "show_order": _ORDER}
    return {target: {"operationId": target, "parameters": dict(given)} for target, given in targets.items()}
