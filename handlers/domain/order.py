"""The order: one aggregate, changed only by appending to its ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, cast

from .account import Account, fold
from .answers import Answer
from .canonical import Json
from .ledger import OPENING, Entry, Kind, append_entry
from .transitions import OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many of one article at one price."""

    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line was charged."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRequest:
    """A request whose execution began: what it asked, and its answer once there is one.

    `text` is the free text that came with it (a reason, a payment method): erasable, so outside the ledger.
    """

    request_id: str
    subject: str
    fingerprint: str
    text: str
    answer: Answer | None = None

    def with_answer(self, answer: Answer) -> Self:
        """The request with its answer."""
        return replace(self, answer=answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as its ledger tells it.

    `asked` is by subject: the order's own id, or a refund's. `salt` hides the hashes of free text; erasing it makes
    them meaningless.
    """

    order_id: str
    ledger: tuple[Entry, ...]
    account: Account
    requests: Mapping[str, AcceptedRequest]
    salt: str

    @property
    def placed(self) -> Entry:
        """The first entry, which holds what was bought and under which policy."""
        return self.ledger[0]

    @property
    def version(self) -> int:
        """How many entries there are: what a conditional write compares."""
        return len(self.ledger)

    @property
    def customer_id(self) -> str:
        """Who bought."""
        return self.placed.text("customer_id")

    @property
    def currency(self) -> str:
        """In what was paid."""
        return self.placed.text("currency")

    @property
    def ordered_at(self) -> str:
        """When the purchase's execution started."""
        return self.placed.at

    @property
    def refundable_until(self) -> str:
        """The last instant at which a refund may start, by the policy at purchase."""
        return self.placed.text("refundable_until")

    @property
    def status(self) -> OrderStatus:
        """Where the order stands."""
        return self.account.status or OrderStatus.PENDING

    @property
    def lines(self) -> tuple[Line, ...]:
        """What was bought."""
        stored = cast("Sequence[tuple[str, int, int]]", self.placed.facts["lines"])
        return tuple(Line(sku=sku, quantity=quantity, unit_price_minor=price) for sku, quantity, price in stored)

    @property
    def in_flight(self) -> tuple[str, ...]:
        """The gateway keys whose outcome is open."""
        return (self.order_id,) if self.status is OrderStatus.PENDING else self.account.in_flight

    def waiting_since(self) -> str | None:
        """When the oldest money in flight was sent for."""
        open_keys = set(self.in_flight)
        return next((entry.at for entry in self.ledger if entry.kind in OPENING and entry.subject in open_keys), None)

    def with_request(self, asked: AcceptedRequest) -> Self:
        """The order that also remembers this request."""
        return replace(self, requests={**self.requests, asked.subject: asked})

    def append(
        self, kind: Kind, *, at: str, subject: str, amount_minor: int, facts: Mapping[str, Json] | None = None
    ) -> Self:
        """The order with one more entry."""
        ledger = append_entry(
            self.ledger, kind, order_id=self.order_id, at=at, subject=subject, amount_minor=amount_minor, facts=facts
        )
        return replace(self, ledger=ledger, account=fold(ledger[-1:], self.account))
