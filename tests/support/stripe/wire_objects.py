"""The objects of the API on the wire, in the format of the pinned API version."""

from typing import Any

Wire = dict[str, Any]  # Stripe's JSON objects


def payment_intent(name: str, created: int, *, amount: int, currency: str, capture_method: str, livemode: bool) -> Wire:
    """A payment intent without a payment method."""
    return {
        "id": name,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": capture_method,
        "client_secret": f"{name}_secret_double",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": livemode,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def charge(name: str, created: int, intent: Wire, *, status: str) -> Wire:
    """A charge of the whole amount of a payment intent, not captured yet."""
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "id": name,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": address, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": intent["livemode"],
        "metadata": dict(intent["metadata"]),
        "outcome": None,
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {"type": "card", "card": card_details(None)},
        "refunded": False,
        "status": status,
    }


def card_details(capture_before: int | None) -> Wire:
    """The card of a charge, with the deadline of its authorisation if it has one."""
    nulls = ("country", "fingerprint", "funding", "last4", "network", "installments", "mandate", "three_d_secure")
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    deadline = {} if capture_before is None else {"capture_before": capture_before}
    extra: Wire = {"amount_authorized": None, "wallet": None, "regulated_status": None, **deadline}
    return dict.fromkeys(nulls) | {"brand": "visa", "exp_month": 12, "exp_year": 2040, "checks": checks} | extra


def refund(name: str, created: int, paid: Wire, *, amount: int, status: str, metadata: Wire) -> Wire:
    """A refund of a charge."""
    return {
        "id": name,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": paid["id"],
        "created": created,
        "currency": paid["currency"],
        "metadata": metadata,
        "payment_intent": paid["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


_EVIDENCE = """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
    customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
    duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt
    refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation
    shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
    uncategorized_file uncategorized_text
"""


def dispute(name: str, created: int, paid: Wire, *, amount: int, status: str) -> Wire:
    """A dispute of a charge."""
    details: Wire = {"due_by": created + 7 * 86_400, "has_evidence": False, "past_due": False, "submission_count": 0}
    return {
        "id": name,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": paid["id"],
        "created": created,
        "currency": paid["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE.split()) | {"enhanced_evidence": {}},
        "evidence_details": details | {"enhanced_eligibility": {}},
        "is_charge_refundable": status.startswith("warning_"),
        "livemode": paid["livemode"],
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "reason": "fraudulent",
        "status": status,
    }


def balance_transaction(name: str, created: int, source: Wire, *, amount: int, kind: str, category: str) -> Wire:
    """A movement of money on the account's balance. `kind` is its `type`."""
    return {
        "id": name,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": category,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }


def event(name: str, created: int, kind: str, data: Wire, *, version: str, livemode: bool) -> Wire:
    """An event with the state of its object at that time."""
    return {
        "id": name,
        "object": "event",
        "api_version": version,
        "created": created,
        "data": {"object": data},
        "livemode": livemode,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def webhook_endpoint(
    name: str, created: int, *, url: str, events: list[str], version: str | None, livemode: bool
) -> Wire:
    """A webhook endpoint."""
    return {
        "id": name,
        "object": "webhook_endpoint",
        "api_version": version,
        "application": None,
        "created": created,
        "description": None,
        "enabled_events": events,
        "livemode": livemode,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


def account(name: str) -> Wire:
    """The account."""
    return {
        "id": name,
        "object": "account",
        "charges_enabled": True,
        "country": "DE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": "team@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


def page(path: str, data: list[Wire], *, more: bool) -> Wire:
    """A page of a list."""
    return {"object": "list", "data": data, "has_more": more, "url": path}
