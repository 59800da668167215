"""The port of the payment gateway, and what a gateway says about a key."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final, Protocol

SEND_WINDOW: Final = timedelta(hours=1)
"""Time after a key's opening entry within which money may be asked for under it; later the key is only looked up.

Shorter than any gateway remembers a key, so that a repeated request never moves money twice (law 30).
"""


class GatewayStatus(StrEnum):
    """What a gateway knows of a key."""

    SETTLED = "settled"
    DECLINED = "declined"
    FENCED = "fenced"
    REVERSED = "reversed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReply:
    """A definite answer; an ambiguous one is raised as `PaymentOutcomeUnknown`.

    `settled`: the money moved, now or before. `declined`: it never will under this key. `fenced`: the key was
    cancelled before it moved money, and never will. `reversed`: it moved and came back (refunds). `nothing`: the key
    is unheard of.
    """

    status: GatewayStatus
    reference: str = ""
    reason: str = ""
    amount_minor: int = 0


class PaymentGateway(Protocol):
    """Moves money, each key once: whoever repeats a key gets the first one's outcome.

    An ambiguous answer (a timeout, a 5xx, a lost reply) is raised as `PaymentOutcomeUnknown`.
    """

    can_fence: ClassVar[bool]
    """Whether `cancel` keeps its promise; where it cannot, the case is left to people."""

    def charge(self, key: str, amount_minor: int, currency: str, payment_method: str) -> GatewayReply:
        """Take money, once for the key."""
        ...

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> GatewayReply:
        """Give money of a charge back, once for the key."""
        ...

    def lookup(self, key: str) -> GatewayReply:
        """What is known of the key."""
        ...

    def cancel(self, key: str) -> GatewayReply:
        """See to it that the key never moves money: `fenced`, or what it had done before."""
        ...
