"""The port of the payment gateway, and the replies of a gateway about a key."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final, Protocol

SEND_WINDOW: Final = timedelta(hours=1)
"""Time after a key's opening entry within which money may be asked for under it; later the key is only looked up.

Shorter than any gateway remembers a key, so that a repeated request never moves money twice (law 30).
"""


class GatewayStatus(StrEnum):
    """The state of a key at the gateway."""

    SETTLED = "settled"
    DECLINED = "declined"
    FENCED = "fenced"
    REVERSED = "reversed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReply:
    """A definite reply about a key. An ambiguous one is raised as `PaymentOutcomeUnknown`.

    `settled`: the money moved, now or earlier. `declined`: it never will under this key. `fenced`: the key was
    cancelled before it moved money, and never will. `reversed`: the money moved and was returned (refunds only).
    `nothing`: the gateway never received the key.
    """

    status: GatewayStatus
    reference: str = ""
    reason: str = ""
    amount_minor: int = 0


class PaymentGateway(Protocol):
    """The payment gateway. It moves money once per key: a repeated key gets the outcome of the first call.

    An ambiguous reply (a timeout, a 5xx, a lost reply) is raised as `PaymentOutcomeUnknown`.
    """

    can_fence: ClassVar[bool]
    """True if `cancel` keeps its promise. Otherwise, a key that the gateway never received is left to people."""

    def charge(self, key: str, amount_minor: int, currency: str, payment_method: str) -> GatewayReply:
        """Charge a payment method, once for the key."""
        ...

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> GatewayReply:
        """Refund a part or all of a charge, once for the key."""
        ...

    def lookup(self, key: str) -> GatewayReply:
        """Return the state of the key."""
        ...

    def cancel(self, key: str) -> GatewayReply:
        """Make sure that the key never moves money: return `fenced`, or its earlier outcome."""
        ...
