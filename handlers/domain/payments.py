"""The port of the payment gateway, and the replies of a gateway about a key.

Longer than 250 lines because every term of the port is explained where it is defined.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final, Protocol

SEND_WINDOW: Final = timedelta(hours=1)
"""Time after a key's opening entry within which the key may be sent; later it is only looked up.

It is shorter than any gateway remembers a key, so a repeated request never moves money twice (law 30).
"""


AUTHORIZATION_GONE: Final = "authorization_gone"
"""Reason of a declined capture that means the hold has ended."""


class Operation(StrEnum):
    """The operation that a key identifies at the gateway."""

    CHARGE = "charge"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class GatewayStatus(StrEnum):
    """The state of a key at the gateway."""

    PENDING = "pending"
    ACTION_REQUIRED = "action_required"
    AUTHORIZED = "authorized"
    SETTLED = "settled"
    DECLINED = "declined"
    FENCED = "fenced"
    REVERSED = "reversed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """An operation under a key, with what the ledger knows about it.

    `opened_at` is the later time of the entry that allowed sending. `reference` is the gateway's own id, once a reply
    has given it. `charge_key` and `charge_reference` name the payment that is captured, voided or refunded.
    `has_reports`: the ledger has refunds that the gateway reported; only a lookup of their payment returns their state.
    """

    key: str
    operation: Operation
    amount_minor: int
    currency: str
    opened_at: str
    reference: str = ""
    charge_key: str = ""
    charge_reference: str = ""
    has_reports: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A payment method: the gateway's token, and the page to which the bank returns the customer."""

    token: str
    return_url: str | None = None
    gateway_customer: str | None = None


class DisputePhase(StrEnum):
    """The state of a dispute at the gateway. An inquiry withdraws no money."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDispute:
    """A dispute of a payment, as the gateway reports it. `reference` is the gateway's own id."""

    reference: str
    phase: DisputePhase
    amount_minor: int
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRefund:
    """A refund that was made at the gateway itself, for instance in its dashboard, as the gateway reports it.

    `reference` is the gateway's own id. The status is `pending`, `settled`, `reversed` (the money moved and came back)
    or `declined` (none moved).
    """

    reference: str
    status: GatewayStatus
    amount_minor: int
    currency: str
    reason: str = ""


_HTTPS_URL: Final = re.compile(r"https://([A-Za-z0-9.-]+)(:[0-9]{1,5})?([/?#].*)?")
"""A URL with an unambiguous host: no user name, and no backslash, which browsers read as a slash."""


def refuse_return_url(url: str | None, hosts: Collection[str]) -> str:
    """Return the reason to reject a return URL, and what is allowed, or an empty string if its host is allowed.

    Without this check a customer coming from the bank's trusted page could be sent anywhere.
    """
    if url is None:
        return ""
    if not hosts:
        return "return_url must be left out: this deployment allows no host (returnHosts)."
    matched = _HTTPS_URL.fullmatch(url)
    if matched and matched[1].lower() in hosts:
        return ""
    return f"return_url must be an https URL on {' or '.join(sorted(hosts))}."


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReply:
    """A definite reply about a key. An ambiguous one is raised as `PaymentOutcomeUnknown`.

    `pending`: the bank has not answered. `action_required`: the customer must act, for instance in 3-D Secure.
    `authorized`: the amount is held until `until`. `settled`: the operation took effect, now or earlier. `declined`: it
    never will under this key. `fenced`: the key was cancelled before it moved money and never will; an authorised key
    that is fenced is void. `reversed`: the money moved and was returned. `nothing`: the gateway never received the key.
    An empty `currency` is not compared. A lookup of a payment also reports its `disputes`, and the `refunds` that were
    made at the gateway itself.

    A void is `settled` if the payment is given up, `declined` if it was captured before, and `pending` while the bank
    processes it. A capture that is declined as AUTHORIZATION_GONE ends the hold.
    """

    status: GatewayStatus
    reference: str = ""
    reason: str = ""
    amount_minor: int = 0
    currency: str = ""
    until: str | None = None
    disputes: tuple[ReportedDispute, ...] = ()
    refunds: tuple[ReportedRefund, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """An entry of the gateway's own list: money that moved.

    It proves nothing and only names an order to look up. `key` and `order_id` are empty for a movement that we did not
    make. The key of a dispute is its `dispute_id_of`; that of a refund which lookups of the payment report
    (`is_reported`) is its `reported_refund_id_of`. `is_return`: it gives back what an earlier movement of the key took,
    such as a refund that failed, or the funds of a dispute that was won. `at` is the gateway's time.
    """

    reference: str
    at: str
    kind: str
    amount_minor: int
    currency: str
    key: str = ""
    order_id: str = ""
    is_reported: bool = False
    is_return: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementPage:
    """A page of the gateway's list, and the position of the next page (None: it was the last)."""

    movements: tuple[Movement, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAction:
    """The customer's means to complete a payment: a page to visit, or a secret for the gateway's own form.

    Anyone who has either can act on the payment, so only the customer gets it: it is never stored, logged or part of a
    result, and `repr` hides it. One of the two is empty.
    """

    url: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)


class PaymentGateway(Protocol):
    """The payment gateway. It moves money once per key: a repeated key gets the outcome of the first call.

    An ambiguous reply (a timeout, a 5xx, a lost reply) is raised as `PaymentOutcomeUnknown`.
    """

    key_life: ClassVar[timedelta | None]
    """The time for which the gateway remembers a key, longer than `SEND_WINDOW`; None: for ever."""
    miss_age: ClassVar[timedelta | None]
    """The key's age at which an empty lookup proves that it never arrived; None: never."""
    fences: ClassVar[frozenset[Operation]]
    """The operations whose keys `fence` can cancel. A lost key of any other operation is left to people."""

    def refuse_amount(self, amount_minor: int, currency: str) -> str:
        """Return the reason why the gateway never accepts this amount, and what it accepts, or an empty string.

        Makes no call.
        """
        ...

    def charge(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Charge a payment method, once per key."""
        ...

    def authorize(self, instruction: Instruction, method: PaymentMethod) -> GatewayReply:
        """Authorise an amount for a later capture, once per key."""
        ...

    def capture(self, instruction: Instruction) -> GatewayReply:
        """Capture all or part of an authorised amount, once per authorisation, and give up the rest."""
        ...

    def void(self, instruction: Instruction) -> GatewayReply:
        """Give up a payment that is not captured."""
        ...

    def refund(self, instruction: Instruction) -> GatewayReply:
        """Refund all or part of a charge, once per key."""
        ...

    def lookup(self, instruction: Instruction) -> GatewayReply:
        """Return the state of the key."""
        ...

    def payment_action(self, instruction: Instruction) -> PaymentAction | None:
        """Return what the customer must do now to complete a payment; None if it does not wait for the customer.

        Raises:
            PaymentOutcomeUnknown: the gateway did not answer, or does not list the payment yet.
            Unavailable: the same, from a gateway whose calls move no money.
        """
        ...

    def fence(self, instruction: Instruction) -> GatewayReply:
        """Make sure that the key never moves money: return `fenced`, or its earlier outcome.

        `nothing`: the key is too old to be fenced, and a lookup does not find it.
        """
        ...

    list_reach: ClassVar[timedelta | None]
    """The age up to which movements are listed; None: of any age."""

    def movements(self, since: str, until: str, after: str | None) -> MovementPage | None:
        """List the movements of our stage from `since` to `until`; None if the gateway has no such list."""
        ...

    def find_order(self, reference: str) -> str | None:
        """Return the order of a payment that an event names by the gateway's own id; None if it is not ours."""
        ...
