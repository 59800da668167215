"""The fake gateway with a bank that acts on its own, and the other extreme of the port: a gateway that forgets.

The fake never forgets a key and can fence all of them; it can also list its movements. The forgetful one does
neither: a day after it booked a key, the key is new to it, so a repeated charge or refund moves money again, and only
its own reference still finds the first movement. It declares this (`key_life`, `miss_age`, `fences`), so law 30 must
hold all the same.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from handlers.domain.payments import DisputePhase, GatewayReply, GatewayStatus, Movement, MovementPage
from handlers.domain.requests import reported_refund_id_of
from tests.fakes.payment_gateway import Booked, FakeGateway

KEY_LIFE = timedelta(days=1)
GOES_ON = {
    DisputePhase.INQUIRY: (DisputePhase.OPEN,),
    DisputePhase.OPEN: (DisputePhase.WON, DisputePhase.LOST),
    DisputePhase.WON: (DisputePhase.LOST,),
    DisputePhase.LOST: (DisputePhase.WON,),
}


@dataclass(slots=True)
class Bank(FakeGateway):
    """The fake gateway, and the bank's actions without any call of ours."""

    booked_at: dict[str, str] = field(default_factory=dict[str, str])
    """The time at which the forgetful gateway booked each key."""
    moved_at: dict[int, str] = field(default_factory=dict[int, str])
    """The known times of movements, by their places in `moved` (the listing gateway)."""

    # actions of customers

    def confirm(self, key: str) -> None:
        """Complete a payment that waits for its customer."""
        booked = self.books.get(key)
        if booked is None or booked.status is not GatewayStatus.ACTION_REQUIRED:
            return
        is_hold = booked.kind == "authorize"
        status = GatewayStatus.AUTHORIZED if is_hold else GatewayStatus.SETTLED
        self.books[key] = replace(booked, status=status)
        self.moved += [] if is_hold else [(booked.kind, key, booked.amount_minor)]

    def abandon(self, key: str) -> None:
        """Fail the customer's authentication, so that the bank declines."""
        booked = self.books.get(key)
        if booked is not None and booked.status is GatewayStatus.ACTION_REQUIRED:
            self.books[key] = replace(booked, status=GatewayStatus.DECLINED)

    # actions of the bank

    def expire(self, key: str) -> None:
        """End a hold that was neither captured nor voided."""
        booked = self.books.get(key)
        if booked is not None and booked.status is GatewayStatus.AUTHORIZED:
            self.books[key] = replace(booked, status=GatewayStatus.FENCED)

    def fail(self, key: str) -> None:
        """Decline a refund that was pending."""
        booked = self.books.get(key)
        if booked is not None and booked.status is GatewayStatus.PENDING:
            self.books[key] = replace(booked, status=GatewayStatus.DECLINED)

    def settle(self, key: str) -> None:
        """Make a refund that was pending."""
        booked = self.books.get(key)
        if booked is not None and booked.status is GatewayStatus.PENDING:
            self.books[key] = replace(booked, status=GatewayStatus.SETTLED)
            self.moved.append((booked.kind, key, booked.amount_minor))

    def dispute(self, key: str, phase: str) -> None:
        """Begin a dispute of half of a payment, or advance it if possible."""
        booked, reached = self.books.get(key), DisputePhase(phase)
        if booked is None or booked.status is not GatewayStatus.SETTLED:
            return
        if not booked.disputed_minor or reached in GOES_ON[booked.dispute]:
            withdrawn = booked.disputed_minor or (booked.captured_minor or booked.amount_minor) // 2
            self.books[key] = replace(booked, disputed_minor=withdrawn, dispute=reached)

    def end_in_console(self, key: str, number: int, end: str) -> None:
        """Settle, fail or reverse a payment's first, second … refund made in the console."""
        {"settle": self.settle, "fail": self.fail, "reverse": self.reverse}[end](
            reported_refund_id_of(key, f"console_{number}")
        )

    # the list of movements

    def at_time(self, operation: str, at: str, **arguments: Any) -> Any:
        """Run an operation or an action of the bank, and record the time of its movements."""
        known = len(self.moved)
        reply = getattr(self, operation)(**arguments)
        self.moved_at |= dict.fromkeys(range(known, len(self.moved)), at)
        return reply

    def list_movements(self, since: str, until: str) -> MovementPage:
        """Return the movements of a window."""
        within = (place for place, at in self.moved_at.items() if since <= at <= until)
        return MovementPage(movements=tuple(self._movement(place) for place in within))

    def _movement(self, place: int) -> Movement:
        kind, key, amount_minor = self.moved[place]
        booked = self.books[key]
        return Movement(
            reference=booked.reference or f"fake_{kind}_{key[-12:]}",
            at=self.moved_at[place],
            kind=kind,
            amount_minor=amount_minor,
            currency=booked.currency,
            key=key,
            order_id=booked.charge_key or key,
            is_reported=bool(booked.reference),
            is_return=kind == "reversal",
        )

    # the forgetful gateway

    def forgetfully(self, operation: str, at: str, **arguments: Any) -> GatewayReply:
        """Run an operation as a gateway to which a key is new a day after it was booked."""
        key, known = arguments["instruction"].key, None
        if self._is_forgotten(key, at) and not (operation == "lookup" and arguments["instruction"].reference):
            known = self.books.pop(key)
        reply: GatewayReply = getattr(self, operation)(**arguments)
        if key in self.books:
            if known or key not in self.booked_at:
                self.booked_at[key] = at
        elif known:
            self.books[key] = known
        return reply

    def _is_forgotten(self, key: str, at: str) -> bool:
        return key in self.books and _time(at) - _time(self.booked_at.get(key, at)) > KEY_LIFE


def _time(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


def take_books(bank: Bank) -> Any:
    """Return the state: the books and the movements, which the laws read, and the times."""
    return dict(bank.books), list(bank.moved), dict(bank.booked_at), dict(bank.moved_at)


def put_books(bank: Bank, state: Any) -> None:
    """Put a state back."""
    bank.books, bank.moved, bank.booked_at = dict(state[0]), list(state[1]), dict(state[2])
    bank.moved_at = dict(state[3])


def describe_books(state: Any) -> str:
    """Return one text for equal states."""
    books: dict[str, Booked] = state[0]
    times = sorted((*state[1][place], at) for place, at in state[3].items())
    return repr((sorted(books.items()), sorted(state[1]), sorted(state[2].items()), times))
