"""The routes of the API and their roles: the single source of component, function, OpenAPI document, page and tests."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class Role(StrEnum):
    """The groups in a token that the API recognises."""

    CUSTOMER = "customer"
    STAFF = "staff"
    APPROVER = "approver"
    AUDITOR = "auditor"


ANY_ROLE: Final = frozenset(Role)
NOBODY: Final[frozenset[Role]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method, a path, and the roles that may use it. Without roles it needs no token."""

    name: str
    method: str
    path: str
    roles: frozenset[Role]
    summary: str

    @property
    def key(self) -> str:
        """The route key of API Gateway: "GET /v1/orders/{order_id}"."""
        return f"{self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        """True if the route needs no token."""
        return not self.roles


_READERS: Final = frozenset({Role.CUSTOMER, Role.STAFF, Role.AUDITOR})
_READERS_OF_ORDERS: Final = _READERS | {Role.APPROVER}  # approvers see the orders that they must decide on

ROUTES: Final = (
    Route(
        name="purchase",
        method="POST",
        path="/v1/orders",
        roles=frozenset({Role.CUSTOMER}),
        summary="Buy lines with a payment method.",
    ),
    Route(
        name="refund",
        method="POST",
        path="/v1/orders/{order_id}/refunds",
        roles=frozenset({Role.STAFF}),
        summary="Refund an amount, lines, or everything; `dry_run=true` shows what would happen.",
    ),
    Route(
        name="capture",
        method="POST",
        path="/v1/orders/{order_id}/capture",
        roles=frozenset({Role.STAFF}),
        summary="Capture an amount, lines, or everything that the purchase authorised; once.",
    ),
    Route(
        name="cancel",
        method="POST",
        path="/v1/orders/{order_id}/cancel",
        roles=frozenset({Role.CUSTOMER, Role.STAFF}),
        summary="Give up a payment that is not captured; customers cancel their own orders.",
    ),
    Route(
        name="list_approvals",
        method="GET",
        path="/v1/approvals",
        roles=frozenset({Role.APPROVER}),
        summary="List the refunds and resolutions that wait for another person's decision.",
    ),
    Route(
        name="decide",
        method="POST",
        path="/v1/orders/{order_id}/approvals/{subject}",
        roles=frozenset({Role.APPROVER}),
        summary="Approve or deny a refund, or the resolution of a case, that somebody else requested.",
    ),
    Route(
        name="resolve",
        method="POST",
        path="/v1/orders/{order_id}/cases/{subject}",
        roles=frozenset({Role.STAFF}),
        summary="Propose how a case ends; another person decides.",
    ),
    Route(
        name="list_orders",
        method="GET",
        path="/v1/orders",
        roles=_READERS,
        summary="List orders; customers see their own. Lists are eventually consistent.",
    ),
    Route(
        name="show_order",
        method="GET",
        path="/v1/orders/{order_id}",
        roles=_READERS_OF_ORDERS,
        summary="Show an order; customers see their own, approvers those that wait for a decision.",
    ),
    Route(
        name="list_refunds",
        method="GET",
        path="/v1/orders/{order_id}/refunds",
        roles=_READERS_OF_ORDERS,
        summary="List the refunds of an order.",
    ),
    Route(
        name="show_payment_action",
        method="GET",
        path="/v1/orders/{order_id}/payment-action",
        roles=frozenset({Role.CUSTOMER}),
        summary="Show what the order's customer must do to complete the payment, such as 3-D Secure.",
    ),
    Route(
        name="show_request",
        method="GET",
        path="/v1/requests/{handle}",
        roles=ANY_ROLE,
        summary="Show the result of a request, to the caller who made it.",
    ),
    Route(
        name="show_stock",
        method="GET",
        path="/v1/stock/{sku}",
        roles=ANY_ROLE,
        summary="Show the price and the available units of a SKU.",
    ),
    Route(
        name="show_caller",
        method="GET",
        path="/v1/me",
        roles=ANY_ROLE,
        summary="Show who the caller is to this API.",
    ),
    Route(
        name="show_openapi",
        method="GET",
        path="/openapi.json",
        roles=NOBODY,
        summary="Show this document.",
    ),
    Route(
        name="show_health",
        method="GET",
        path="/health",
        roles=NOBODY,
        summary="Check that the API is available.",
    ),
)
"""All routes; API Gateway answers 404 to anything else."""

OPENAPI: Final = Path(__file__).with_name("openapi.json")
"""The API's OpenAPI document, generated from here and from the models of the requests (`tools/openapi.py`)."""

MAX_BODY_BYTES: Final = 65_536
MAX_DEPTH: Final = 8
MAX_PAGE: Final = 100
DEFAULT_PAGE: Final = 25
