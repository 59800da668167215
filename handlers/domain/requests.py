"""Valid requests, the ids that follow from them, and the proof of who makes one.

The ids identify a repeated request as the same one for ever.

Anyone who may start an execution can put any name into a request. The API therefore adds a statement about the caller,
and a MAC over that statement that only the API can make.

Longer than 250 lines so that every request and the rule for its id are in one place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol

from .canonical import Json, canonical, digest, format_instant, parse_instant
from .ledger import key_of

_HEX_DIGITS = 32  # hexadecimal digits, 128 bits: enough to rule out chance collisions


def order_id_of(customer_id: str, request_id: str) -> str:
    """Return the id of the order that a customer's request creates."""
    return f"ord_{digest(['order', customer_id, request_id])[:_HEX_DIGITS]}"


def refund_id_of(order_id: str, request_id: str) -> str:
    """Return the id of the refund that a request on an order creates."""
    return f"ref_{digest(['refund', order_id, request_id])[:_HEX_DIGITS]}"


def found_refund_id_of(order_id: str, case_id: str) -> str:
    """Return the id of a refund that people found at the gateway and record by closing a case."""
    return f"ref_{digest(['found refund', order_id, case_id])[:_HEX_DIGITS]}"


def reported_refund_id_of(order_id: str, reference: str) -> str:
    """Return the id of a refund that was made at the gateway itself, which calls it `reference`."""
    return f"ref_{digest(['refund', order_id, 'gateway', reference])[:_HEX_DIGITS]}"


def decision_id_of(order_id: str, action: str, request_id: str) -> str:
    """Return the id of a person's decision on a subject of an order; `action` is the request's."""
    return f"dec_{digest(['decision', order_id, action, request_id])[:_HEX_DIGITS]}"


def capture_id_of(order_id: str, request_id: str) -> str:
    """Return the gateway key of the capture that a request on an order asks for."""
    return f"cap_{digest(['capture', order_id, 'capture', request_id])[:_HEX_DIGITS]}"


def void_id_of(order_id: str, action: str, request_id: str) -> str:
    """Return the gateway key of the void that a request on an order, or reconcile, asks for."""
    return f"void_{digest(['void', order_id, action, request_id])[:_HEX_DIGITS]}"


def dispute_id_of(order_id: str, reference: str) -> str:
    """Return the id of a dispute that the gateway calls `reference`."""
    return f"dis_{digest(['dispute', order_id, 'dispute', reference])[:_HEX_DIGITS]}"


def case_id_of(order_id: str, about: str, version: int) -> str:
    """Return the id of the case about a subject that is opened at a version of the order."""
    return f"case_{digest(['case', order_id, about, str(version)])[:_HEX_DIGITS]}"


DEFAULT_HOLD_SECONDS: Final = 7 * 24 * 60 * 60
"""Time for which an authorised amount is held unless the purchase says otherwise; cards allow 7 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The execution of a request and its start, as of which every attempt applies policies."""

    execution: str
    requested_at: str
    channel: str = "direct"
    """`api` if the API identified the caller, else `direct` (anyone who may start an execution)."""

    @property
    def at(self) -> str:
        """The start as a formatted instant."""
        return format_instant(parse_instant(self.requested_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A number of units of one SKU at one price."""

    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def amount_minor(self) -> int:
        """The price of all units of the line."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Buy lines with a payment method, which is charged now, or later by a capture."""

    request_id: str
    customer_id: str
    currency: str
    lines: tuple[Line, ...]
    payment_method: str
    captures_later: bool = False
    hold_seconds: int = DEFAULT_HOLD_SECONDS
    """Time for which an authorised amount is held before it is given up."""
    return_url: str | None = None
    gateway_customer: str | None = None

    action: ClassVar[str] = "purchase"

    @property
    def key(self) -> str:
        """The gateway key of the request, from which the ledger's subject is derived."""
        return self.order_id

    @property
    def order_id(self) -> str:
        """The id of the order that this request creates."""
        return order_id_of(self.customer_id, self.request_id)

    @property
    def amount_minor(self) -> int:
        """The total of the lines."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for equal requests; the order of their lines does not matter."""
        lines: list[Json] = [*sorted((line.sku, line.quantity, line.unit_price_minor) for line in self.lines)]
        options: list[Json] = (
            [self._optional_fields] if self._optional_fields else []
        )  # (older fingerprints stay valid)
        return digest([self.customer_id, self.currency, lines, self.payment_method, *options])

    @property
    def _optional_fields(self) -> dict[str, Json]:
        """The optional fields that differ from their defaults. Defaults are left out of fingerprints."""
        values: dict[str, Json] = {
            "capture": "later" if self.captures_later else None,
            "hold_seconds": self.hold_seconds if self.hold_seconds != DEFAULT_HOLD_SECONDS else None,
            "return_url": self.return_url,
            "gateway_customer": self.gateway_customer,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """A number of units of one SKU to refund."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRefund:
    """Refund an amount, or units, or (with neither) everything that is still refundable."""

    request_id: str
    order_id: str
    requested_by: str
    reason: str
    amount_minor: int | None = None
    units: tuple[Units, ...] | None = None
    restock: bool = True
    """True if the refunded units return to stock."""
    override: str | None = None
    """`window` to refund after the refund window has closed, which another person must approve."""

    action: ClassVar[str] = "refund"

    @property
    def key(self) -> str:
        """The gateway key of the request, from which the ledger's subject is derived."""
        return self.refund_id

    @property
    def refund_id(self) -> str:
        """The id of the refund that this request creates."""
        return refund_id_of(self.order_id, self.request_id)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for equal requests; the order of their lines does not matter."""
        units: Json = None if self.units is None else [*sorted((each.sku, each.quantity) for each in self.units)]
        options: list[Json] = (
            [] if self.restock else ["no restock"]
        )  # left out by default: older fingerprints stay valid
        options += [] if self.override is None else [f"override {self.override}"]
        return digest([self.order_id, self.requested_by, self.reason, self.amount_minor, units, *options])


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDecision:
    """Approve or deny what waits for another person: a held refund, or the proposed resolution of a case."""

    request_id: str
    order_id: str
    subject: str
    """The id of the refund or case, with or without its type (`ref_…`, `refund:ref_…`, `case_…`)."""
    decision: str
    """`approve` or `deny`."""
    requested_by: str

    action: ClassVar[str] = "decide"
    amount_minor: ClassVar[int | None] = None
    """A decision names no amount."""

    @property
    def key(self) -> str:
        """The id of the decision, from which the ledger's subject is derived."""
        return decision_id_of(self.order_id, self.action, self.request_id)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for equal requests."""
        return digest([self.order_id, key_of(self.subject), self.decision, self.requested_by])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveCase:
    """Propose to close a case: its subject was paid, or not paid, outside the system. Another person then decides."""

    request_id: str
    order_id: str
    subject: str
    """The id of the case or of its subject, with or without its type."""
    outcome: str
    """`settled` (paid) or `released` (not paid)."""
    evidence: str
    requested_by: str

    action: ClassVar[str] = "resolve"
    amount_minor: ClassVar[int | None] = None
    """A resolution names no amount."""

    @property
    def key(self) -> str:
        """The id of the proposal, from which the ledger's subject is derived."""
        return decision_id_of(self.order_id, self.action, self.request_id)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for equal requests."""
        subject = key_of(self.subject)
        return digest([self.action, self.order_id, subject, self.outcome, self.evidence, self.requested_by])


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePayment:
    """Capture an amount, or the price of units, or (with neither) everything that is authorised."""

    request_id: str
    order_id: str
    requested_by: str
    amount_minor: int | None = None
    units: tuple[Units, ...] | None = None

    action: ClassVar[str] = "capture"

    @property
    def key(self) -> str:
        """The gateway key of the request, from which the ledger's subject is derived."""
        return capture_id_of(self.order_id, self.request_id)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for equal requests; the order of their lines does not matter."""
        units: Json = None if self.units is None else [*sorted((each.sku, each.quantity) for each in self.units)]
        return digest([self.action, self.order_id, self.requested_by, self.amount_minor, units])


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Give up a payment that is not captured, and return the order's stock."""

    request_id: str
    order_id: str
    requested_by: str

    action: ClassVar[str] = "cancel"
    amount_minor: ClassVar[int | None] = None
    """A cancellation names no amount."""

    @property
    def key(self) -> str:
        """The gateway key of the request, from which the ledger's subject is derived."""
        return void_id_of(self.order_id, self.action, self.request_id)

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for equal requests."""
        return digest([self.action, self.order_id, self.requested_by])


Request = PlaceOrder | IssueRefund | CapturePayment | CancelOrder | MakeDecision | ResolveCase

PROOF_LIFE: Final = timedelta(seconds=60)
"""Time within which an execution must start. Retries and redrives count from that start."""


def person_id_of(issuer: str, subject: str) -> str:
    """Return the id under which orders and requests record a person or machine."""
    return f"c_{digest([issuer, subject])[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The API's statement about the caller of a request."""

    iss: str
    sub: str
    roles: tuple[str, ...]
    request_digest: str
    expires: str

    @property
    def person_id(self) -> str:
        """The id of the caller."""
        return person_id_of(self.iss, self.sub)

    def as_json(self) -> dict[str, Json]:
        """Return the statement as it is sent and signed."""
        facts = {name: getattr(self, name) for name in ("iss", "sub", "request_digest", "expires")}
        return {**facts, "roles": list(self.roles)}


class ProofSigner(Protocol):
    """The key for the MACs. Every method may raise `Unavailable`."""

    def sign(self, message: bytes) -> str:
        """Return the MAC of a message of at most 4096 bytes."""
        ...

    def is_valid(self, message: bytes, mac: str) -> bool:
        """Return whether the MAC is valid for the message."""
        ...


def enclose(request: Json, *, iss: str, sub: str, roles: tuple[str, ...], key: ProofSigner, now: datetime) -> Json:
    """Return the input of an execution: the request with its caller and the proof."""
    expires = format_instant(now + PROOF_LIFE)
    caller = Statement(iss=iss, sub=sub, roles=roles, request_digest=digest(request), expires=expires)
    return {"request": request, "caller": caller.as_json(), "mac": key.sign(_signed_bytes(caller))}


def find_fault(caller: Statement, mac: str, request: Json, started_at: str, key: ProofSigner) -> str | None:
    """Return what is wrong with a proof, or None if the API made it for this request and this start."""
    if not key.is_valid(_signed_bytes(caller), mac):
        return "its MAC is not the API's"
    if caller.request_digest != digest(request):
        return "it was made for another request"
    if parse_instant(started_at) > parse_instant(caller.expires):
        return f"it expired at {caller.expires}, before the execution started"
    return None


def _signed_bytes(caller: Statement) -> bytes:
    return canonical(caller.as_json()).encode("ascii")
