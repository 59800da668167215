"""Schemas of what the API answers, for its OpenAPI document. Tests validate real answers against them."""

from collections.abc import Mapping
from typing import Any

from handlers.contracts.request_rules import MAX_LINES

Json = dict[str, Any]
ID: Json = {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"}
TEXT: Json = {"type": "string"}
MINOR: Json = {"type": "integer", "minimum": 0, "description": "In the currency's minor unit."}
TIME: Json = {"type": "string", "format": "date-time"}


def ref(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(required: tuple[str, ...], **properties: Any) -> Json:
    """Return the schema of an object with these properties."""
    return {"type": "object", "required": list(required), "properties": properties}


_RESULT: Json = {
    "action": TEXT,
    "request_id": ID,
    "order_id": ID,
    "refund_id": ID,
    "case_id": ID,
    "amount_minor": MINOR,
    "currency": TEXT,
    "order_status": TEXT,
    "refundable_minor": MINOR,
    "code": TEXT,
    "message": TEXT,
    "next_action": object_of(("who",), who=TEXT, until={"type": ["string", "null"]}),
    "replayed": {"type": "boolean"},
}

VIEWS: Mapping[str, Json] = {
    "Problem": object_of(
        ("type", "title", "status", "detail", "code", "trace_id"),
        type=TEXT,
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
        code=TEXT,
        trace_id=TEXT,
        handle=TEXT,
    ),
    "Gateway": object_of((), message={"type": ["string", "null"]}),
    "Result": object_of(
        ("status", "handle"),
        status={"enum": ["succeeded", "pending", "unknown", "running"]},
        handle=TEXT,
        **_RESULT,
        erased={
            "type": "boolean",
            "description": "True if only the request's id could be compared: its text is erased.",
        },
    ),
    "Line": object_of(
        ("sku", "quantity", "unit_price_minor"), sku=ID, quantity={"type": "integer"}, unit_price_minor=MINOR
    ),
    "Order": object_of(
        (
            *("order_id", "status", "currency", "ordered_at", "refundable_until", "lines"),
            *("authorized_minor", "captured_minor", "reserved_minor", "refunded_minor", "refundable_minor"),
        ),
        order_id=ID,
        status=TEXT,
        currency=TEXT,
        ordered_at=TIME,
        refundable_until=TIME,
        lines={"type": "array", "items": ref("Line"), "maxItems": MAX_LINES},
        authorized_minor={**MINOR, "description": "What a capture may still take."},
        captured_minor=MINOR,
        reserved_minor=MINOR,
        refunded_minor=MINOR,
        refundable_minor=MINOR,
        customer_id={**ID, "description": "For staff and auditors, like the fields below."},
        origin={"enum": ["api", "direct", None]},
        disputed_minor={**MINOR, "description": "What open and lost disputes have withdrawn."},
        overdrawn_minor={**MINOR, "description": "By how much refunds and disputes exceed what was captured."},
        needs_attention={"type": "boolean"},
        version={"type": "integer"},
        cases={"type": "array", "items": ref("Case")},
    ),
    "RefundState": object_of(
        ("refund_id", "status", "amount_minor", "currency", "requested_at"),
        refund_id=ID,
        status=TEXT,
        amount_minor=MINOR,
        currency=TEXT,
        requested_at=TIME,
        requested_by={**ID, "description": "Missing, like request_id, if it was made at the gateway itself."},
        request_id=ID,
        origin={"enum": ["api", "direct", None]},
    ),
    "Case": object_of(
        ("case_id", "about", "status", "reason_code", "amount_minor", "opened_at"),
        case_id=ID,
        about=TEXT,
        status={"enum": ["OPEN", "PROPOSED", "CLOSED"]},
        reason_code=TEXT,
        amount_minor=MINOR,
        opened_at=TIME,
    ),
    "Approval": object_of(
        (
            *("kind", "order_id", "subject", "amount_minor", "currency"),
            *("requested_by", "requested_at", "reason"),
        ),
        kind={"enum": ["refund", "resolution"]},
        order_id=ID,
        subject={**ID, "description": "The refund or the case, as the path of the decision names it."},
        amount_minor=MINOR,
        currency=TEXT,
        requested_by=ID,
        requested_at=TIME,
        reason=TEXT,
        held_because={"enum": ["above_limit", "many_declined", "window_overridden"]},
        until={**TIME, "description": "The refund lapses then."},
        outcome={"enum": ["settled", "released"], "description": "Of a case: it was paid, or it was not."},
    ),
    "RefundPreview": object_of(
        ("dry_run", "amount_minor", "currency", "refundable_minor"),
        dry_run={"const": True},
        status={
            "enum": ["succeeded", "pending", "unknown"],
            "description": "Only under a used key, as the fields of its refund below.",
        },
        **_RESULT,
    ),
}

ANSWERS: Mapping[str, Json] = {
    "accepted": ref("Result"),
    "purchase": ref("Result"),
    "refund": {"anyOf": [ref("Result"), ref("RefundPreview")]},
    "capture": ref("Result"),
    "cancel": ref("Result"),
    "list_approvals": object_of(("approvals",), approvals={"type": "array", "items": ref("Approval")}, cursor=TEXT),
    "decide": ref("Result"),
    "resolve": ref("Result"),
    "list_orders": object_of(("orders",), orders={"type": "array", "items": ref("Order")}, cursor=TEXT),
    "show_order": ref("Order"),
    "list_refunds": object_of(("refunds",), refunds={"type": "array", "items": ref("RefundState")}),
    "show_request": ref("Result"),
    "show_payment_action": object_of(
        ("until",),
        url={**TEXT, "description": "The page to send the customer to."},
        client_secret={**TEXT, "description": "For the gateway's own form; never store or log it."},
        until={**TIME, "description": "The payment is given up then."},
    ),
    "show_stock": object_of(
        ("sku", "price_minor", "currency", "available"),
        sku=ID,
        price_minor=MINOR,
        currency=TEXT,
        available={"type": "integer"},
    ),
    "show_caller": object_of(
        ("id", "issuer", "subject", "is_machine", "roles"),
        id=ID,
        issuer=TEXT,
        subject=TEXT,
        is_machine={"type": "boolean"},
        roles={"type": "array", "items": TEXT},
    ),
    "show_openapi": {"type": "object"},
    "show_health": object_of(("status",), status={"const": "ok"}),
}
