"""The order: one aggregate, created by a purchase and changed only by appending to its ledger.

Longer than 250 lines because it is one aggregate, and nothing outside it may change its parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Self, cast

from .account import Account, fold
from .answers import Answer
from .canonical import Json, format_instant, hash_with_salt, parse_instant
from .errors import BookingError
from .ledger import OPENING, Entry, Kind, append_entry, is_known, key_of, subject_of, type_of
from .lifecycles import OrderStatus, RefundStatus
from .payments import SEND_WINDOW, Instruction, Operation
from .requests import DEFAULT_HOLD_SECONDS, Line, Origin, PlaceOrder, Request

DEFAULT_ACTION_SECONDS: Final = 3600
"""Time within which a customer must act unless the stage says otherwise."""

FINGERPRINT_VERSION: Final = 2
"""Version of the fingerprints of new requests."""

WAITS: Final = frozenset({Kind.PAYMENT_PENDING, Kind.PAYMENT_ACTION_REQUIRED, Kind.PAYMENT_AUTHORIZED})
"""The kinds of entries after which a payment waits for its bank, its customer or a capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRequest:
    """An accepted request, with its answer once it has one.

    `text` is free text of the caller (a reason, a payment method). It must be erasable, so it is not in the ledger.
    `fingerprint` identifies repetitions of the request. Version 2 is keyed with the order's salt, because a plain hash
    (version 1, of older orders) lets anyone confirm a guess of the text. Both are empty once `erased`.
    """

    request_id: str
    subject: str
    fingerprint: str
    text: str
    answer: Answer | None = None
    fingerprint_version: int = 1
    erased: bool = False

    def is_repeated_by(self, request: Request, salt: str) -> bool:
        """Return whether a request with this key is the same one; erased text is not compared."""
        keyed = self.fingerprint_version >= FINGERPRINT_VERSION
        expected = hash_with_salt(salt, request.fingerprint) if keyed else request.fingerprint
        return self.erased or self.fingerprint == expected

    def erase(self) -> Self:
        """Return the request without its text and its fingerprint."""
        return replace(self, text="", fingerprint="", erased=True)

    def with_answer(self, answer: Answer) -> Self:
        """Return the request with its answer."""
        return replace(self, answer=answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order and its ledger.

    The keys of `requests` are subjects: the order's own id, or an id with its type (`refund:ref_…`). The hashes of free
    text in the ledger are salted with `salt`; erasing it makes them meaningless.
    """

    order_id: str
    ledger: tuple[Entry, ...]
    account: Account
    requests: Mapping[str, AcceptedRequest]
    salt: str
    deferred_since: str | None = None
    """The time at which reconcile first deferred the order, in the current run of deferrals."""
    stored_due_at: str | None = field(default=None, compare=False)
    """The due time stored with the order when it was loaded; None if it had none, or if entries were appended since."""

    @property
    def placed(self) -> Entry:
        """The first entry, which holds the lines and the refund policy at purchase."""
        return self.ledger[0]

    @property
    def version(self) -> int:
        """The number of entries; conditional writes compare it."""
        return len(self.ledger)

    @property
    def customer_id(self) -> str:
        """The customer's id, as the purchase named it."""
        return self.placed.text("customer_id")

    @property
    def currency(self) -> str:
        """The currency of the payment, as an ISO 4217 code."""
        return self.placed.text("currency")

    @property
    def ordered_at(self) -> str:
        """The time at which the purchase's execution started."""
        return self.placed.at

    @property
    def refundable_until(self) -> str:
        """The last instant at which a refund may start, by the policy at purchase and the time of the capture.

        Until then, and for a capture of ledger schema 1, it counts from the purchase.
        """
        captured = next((entry for entry in self.ledger if entry.kind is Kind.PAYMENT_CAPTURED), self.placed)
        return str(captured.facts.get("refundable_until") or self.placed.text("refundable_until"))

    @property
    def refund_window(self) -> timedelta:
        """The time within which a payment can be refunded, by the policy at purchase."""
        return parse_instant(self.placed.text("refundable_until")) - parse_instant(self.placed.at)

    @property
    def captures_later(self) -> bool:
        """True if the purchase only authorises its payment."""
        return self.placed.facts.get("capture") == "later"

    @property
    def hold(self) -> timedelta:
        """The time for which an authorised amount is held."""
        return timedelta(seconds=self._seconds("hold_seconds", DEFAULT_HOLD_SECONDS))

    @property
    def action_window(self) -> timedelta:
        """The time within which the customer must act, by the policy at purchase."""
        return timedelta(seconds=self._seconds("payment_action_seconds", DEFAULT_ACTION_SECONDS))

    def _seconds(self, fact: str, default: int) -> int:
        seconds = self.placed.facts.get(fact)
        return seconds if isinstance(seconds, int) else default

    @property
    def status(self) -> OrderStatus:
        """The state of the order."""
        return self.account.status or OrderStatus.PENDING

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the purchase."""
        stored = cast("Sequence[tuple[str, int, int]]", self.placed.facts["lines"])
        return tuple(Line(sku=sku, quantity=quantity, unit_price_minor=price) for sku, quantity, price in stored)

    @property
    def in_flight(self) -> tuple[str, ...]:
        """The gateway keys without an outcome."""
        payment = (self.order_id,) if self.status is OrderStatus.PENDING else ()
        movement = (self.account.movement.key,) if self.account.movement else ()
        return (*payment, *movement, *self.account.in_flight)

    @property
    def wait(self) -> Entry | None:
        """The entry that names the party the payment waits for and `until` when; None if it does not wait."""
        if self.status not in (OrderStatus.PENDING, OrderStatus.AUTHORIZED):
            return None
        last = next(entry for entry in reversed(self.ledger) if entry.subject == self.order_id)
        return last if last.kind in WAITS else None

    def subject(self, key: str) -> str:
        """Return the subject of a gateway key in this order; a subject of ledger schema 1 is the bare key."""
        return key if key in self.requests else subject_of(key)

    def find_request(self, key: str) -> AcceptedRequest | None:
        """Return the request to which a gateway key belongs, or None."""
        return self.requests.get(self.subject(key))

    def opened_at(self, key: str) -> str:
        """Return the time of the entry that allowed the key to be sent.

        It is the later of the entry's two times. If a slow clock made a key look older than its execution, reconcile
        would give up on the key while its sender is still running (law 19).
        """
        subject = self.subject(key)
        opening = next(e for e in self.ledger if e.subject == subject and e.kind in OPENING)
        return max(opening.at, opening.recorded_at, key=parse_instant)

    def may_send(self, key: str, now: datetime) -> bool:
        """Return whether a key may still be sent; after `SEND_WINDOW` it may only be looked up."""
        return now - parse_instant(self.opened_at(key)) <= SEND_WINDOW

    def instruction(self, key: str) -> Instruction:
        """Return the gateway operation of a key, with what the ledger knows about it."""
        is_payment = key == self.order_id
        return Instruction(
            key=key,
            operation=self._operation(key),
            amount_minor=self.amount_of(key),
            currency=self.currency,
            opened_at=self.opened_at(key),
            reference=self._reference(key),
            charge_key="" if is_payment else self.order_id,
            charge_reference="" if is_payment else self._reference(self.order_id),
            has_reports=is_payment and any(refund.is_reported for refund in self.account.refunds.values()),
        )

    def _operation(self, key: str) -> Operation:
        if key == self.order_id:
            return Operation.AUTHORIZE if self.captures_later else Operation.CHARGE
        return {"capture": Operation.CAPTURE, "void": Operation.VOID}.get(type_of(key), Operation.REFUND)

    def amount_of(self, key: str) -> int:
        """Return the amount of a key's gateway operation."""
        subject = self.subject(key)
        return next(entry.amount_minor for entry in self.ledger if entry.subject == subject)

    def _reference(self, key: str) -> str:
        """Return the gateway's own id for a key, from its latest reply, or an empty string."""
        subject = self.subject(key)
        references = (
            str(entry.facts.get("reference", "")) for entry in reversed(self.ledger) if entry.subject == subject
        )
        return next((reference for reference in references if reference), "")

    @property
    def sent_keys(self) -> tuple[str, ...]:
        """The keys that may have reached the gateway: the payment's, and those of the refunds that were sent."""
        return (self.order_id, *(each.refund_id for each in self.account.refunds.values() if each.was_sent))

    def entries_of(self, key: str) -> tuple[Entry, ...]:
        """Return the entries of a key's subject; for a decision or a proposal, the entries that it caused."""
        subject = self.subject(key)
        return tuple(e for e in self.ledger if subject in (e.subject, e.facts.get("decision"), e.facts.get("proposal")))

    def due_at(self) -> str | None:
        """Return the time at which reconcile must look at the order, or None if nothing is open."""
        return min(self.due_times(), default=None)

    def due_times(self) -> Iterator[str]:
        """Yield the due time of each open part of the order: a past time, or the deadline of a wait."""
        wait = None if self.account.movement or self.account.in_flight else self.wait
        if wait:
            yield wait.recorded_at if wait.kind is Kind.PAYMENT_PENDING else wait.text("until")
        elif since := self.in_flight_since():
            yield since
        for entry in self.ledger:
            refund = self.account.refunds.get(key_of(entry.subject))
            if entry.kind is Kind.REFUND_HELD and refund and refund.status is RefundStatus.AWAITING_APPROVAL:
                yield entry.text("until")
        yield from (dispute.opened_at for dispute in self.account.open_disputes)
        yield from (case.opened.recorded_at for case in self.account.open_cases)

    def in_flight_since(self) -> str | None:
        """Return the `recorded_at` of the oldest entry whose money is in flight, or None."""
        opened = (e for e in self.ledger if e.kind in OPENING and key_of(e.subject) in self.in_flight)
        return next((entry.recorded_at for entry in opened), None)

    def is_repeat(self, request: Request) -> bool:
        """Return whether the order has accepted this request."""
        accepted = self.find_request(request.key)
        return accepted is not None and accepted.is_repeated_by(request, self.salt)

    def accept(self, request: Request, text: str = "", answer: Answer | None = None) -> Self:
        """Return the order with a new request and its free text."""
        accepted = AcceptedRequest(
            request_id=request.request_id,
            subject=subject_of(request.key),
            fingerprint=hash_with_salt(self.salt, request.fingerprint),
            fingerprint_version=FINGERPRINT_VERSION,
            text=text,
            answer=answer,
        )
        return self.with_request(accepted)

    def erase_text(self, salt: str) -> Self:
        """Return the order without the text of its requests. Later text is hashed with the new `salt`."""
        erased = {subject: accepted.erase() for subject, accepted in self.requests.items()}
        return replace(self, requests=erased, salt=salt)

    def with_request(self, accepted: AcceptedRequest) -> Self:
        """Return the order with a request added or replaced."""
        return replace(self, requests={**self.requests, accepted.subject: accepted})

    def append(
        self,
        kind: Kind,
        *,
        at: str | None,
        now: str,
        subject: str,
        amount_minor: int,
        facts: Mapping[str, Json] | None = None,
    ) -> Self:
        """Return the order with one more entry (see `append_entry`)."""
        ledger = append_entry(
            self.ledger,
            kind,
            order_id=self.order_id,
            at=at,
            now=now,
            subject=subject,
            amount_minor=amount_minor,
            facts=facts,
        )
        return replace(self, ledger=ledger, account=fold(ledger[-1:], self.account), stored_due_at=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPolicy:
    """The refund window after a payment, and the time within which its customer must act."""

    window: timedelta
    action_window: timedelta = timedelta(seconds=DEFAULT_ACTION_SECONDS)

    def until(self, ordered_at: datetime) -> datetime:
        """Return the last instant at which a refund may start."""
        return ordered_at + self.window


def place_order(request: PlaceOrder, origin: Origin, policy: RefundPolicy, salt: str, now: str) -> Order:
    """Create a PENDING order from a purchase. The refund policy at purchase applies to it for ever."""
    order = Order(order_id=request.order_id, ledger=(), account=Account(), requests={}, salt=salt)
    return order.accept(request, text=request.payment_method).append(
        Kind.ORDER_PLACED,
        at=origin.at,
        now=now,
        subject=request.order_id,
        amount_minor=request.amount_minor,
        facts={
            "request_id": request.request_id,
            "execution": origin.execution,
            "origin": origin.channel,
            "customer_id": request.customer_id,
            "currency": request.currency,
            "lines": [[line.sku, line.quantity, line.unit_price_minor] for line in request.lines],
            "refundable_until": format_instant(policy.until(parse_instant(origin.requested_at))),
            "payment_method_sha256": hash_with_salt(salt, request.payment_method),
            "payment_action_seconds": int(policy.action_window.total_seconds()),
            **({"capture": "later", "hold_seconds": request.hold_seconds} if request.captures_later else {}),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnlyOrder:
    """A stored order whose ledger holds an entry of a kind that this release does not know."""

    order_id: str
    currency: str
    entries: Sequence[Mapping[str, Json]]
    requests: Mapping[str, AcceptedRequest]
    salt: str

    @property
    def unknown(self) -> Mapping[str, Json]:
        """The first entry that this release cannot fold."""
        return next(entry for entry in self.entries if not is_known(entry))

    def find_request(self, key: str) -> AcceptedRequest | None:
        """Return the request to which a gateway key belongs, or None."""
        return self.requests.get(key) or self.requests.get(subject_of(key))


class NewerRelease(BookingError):
    """This release cannot fold an order; `order` holds the readable part."""

    def __init__(self, order: ReadOnlyOrder) -> None:
        unknown = order.unknown
        super().__init__(
            f"Entry {unknown['seq']} ({unknown['type']}) of order {order.order_id} was written by a newer release. "
            "This release must not change the order. Deploy the newer release to continue it."
        )
        self.order = order
