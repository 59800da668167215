"""What a payment gateway says about a key."""

from dataclasses import dataclass
from enum import StrEnum


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
