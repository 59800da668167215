"""Verify ledgers and audit trail against the gateway's own list of movements, a day at a time.

Memory holds one day: the gateway's movements, and the trail's entries that moved money. An entry may be dated later
than its movement, so each one without a counterpart on its day is looked up separately, in its order's ledger or at the
gateway.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from handlers.domain.canonical import day_of, format_instant
from handlers.domain.errors import BookingError
from handlers.domain.ledger import Entry, Kind, key_of, type_of
from handlers.domain.lifecycles import RefundStatus
from handlers.domain.money import format_amount
from handlers.domain.order import Order
from handlers.domain.payments import GatewayReply, GatewayStatus, Movement, PaymentGateway
from handlers.domain.ports import AuditTrail
from handlers.domain.rules.cases import MOVEMENT, refund_id_of_report
from handlers.domain.trail.audit import outcomes_on
from handlers.domain.trail.verification import Finding, Problem, StoredOrder
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.settings import Settings

from .command_errors import CommandFailed
from .target import DeploymentTarget
from .trail_verification import ParallelMap, list_batches, order_id_of_key

MOVING_KINDS: Final = frozenset({Kind.PAYMENT_CAPTURED, Kind.REFUND_SETTLED})
"""The kinds of entries that require a movement at the gateway."""

_MOVED_STATUSES: Final = frozenset({GatewayStatus.SETTLED, GatewayStatus.REVERSED})
_MARGIN: Final = timedelta(hours=1)  # clocks differ, and the gateway lists movements with a delay


def gateway_of(target: DeploymentTarget) -> PaymentGateway:
    """Return the stage's gateway, with the settings of its reconcile function and the caller's own credentials.

    Raises:
        CommandFailed: the caller may not read the function's environment.
    """
    function = target.output("reconcileFunction")
    described = target.client("lambda").get_function_configuration(FunctionName=function)
    environment = described.get("Environment", {})
    if "Variables" not in environment:
        reason = environment.get("Error", {}).get("Message", "it has no environment")
        raise CommandFailed(
            f"The environment of the function {function}, which has the gateway's settings, cannot be read: {reason} "
            "You need kms:Decrypt on the function's key."
        )
    settings = Settings(environment=environment["Variables"])
    return Dependencies(settings=settings, clients=lambda service: target.client(service)).gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayVerification:
    """One comparison, from the day `since` on, or from the first day of the trail.

    Anything younger than `settled_before` may still lack its counterpart, because its execution may be running.
    """

    audit: AuditTrail
    load_order: Callable[[str], StoredOrder | None]
    gateway: PaymentGateway
    settled_before: datetime
    since: date | None = None
    parallel_map: ParallelMap = map
    counts: Counter[str] = field(default_factory=Counter[str])

    def findings(self) -> Iterator[Finding]:
        """Yield every difference. `counts` has the number of `movements` and `entries` compared so far."""
        day = self.since or self._first_day()
        while day <= self.settled_before.date():
            try:
                movements = self._movements(day)
            except BookingError as error:
                message = f"From {day} on, nothing was compared: {error} Repeat this with --since {day}."
                yield Finding(problem=Problem.CANNOT_JUDGE, where="the gateway", message=message)
                return
            if movements is None:
                message = "The gateway has no list of movements. Reconcile looks up settled orders one by one."
                yield Finding(problem=Problem.CANNOT_JUDGE, where="the gateway", message=message)
                return
            yield from self._compare(day.isoformat(), movements)
            day += timedelta(days=1)

    def _first_day(self) -> date:
        """Return the day before the trail's first one, so that an earlier movement is found as well."""
        names = self.audit.keys("outcomes/").names
        first = date.fromisoformat(names[0].partition("date=")[2][:10]) if names else self.settled_before.date()
        return first - timedelta(days=1)

    def _movements(self, day: date) -> list[Movement] | None:
        """Return the gateway's movements of a day and the hours around it; None if it has no list."""
        start = datetime(day.year, day.month, day.day, tzinfo=self.settled_before.tzinfo)
        since, until = format_instant(start - _MARGIN), format_instant(start + timedelta(days=1) + _MARGIN)
        found, after = list[Movement](), None
        while True:
            page = self.gateway.movements(since, until, after)
            if page is None:
                return None
            found += page.movements
            if (after := page.after) is None:
                return found

    def _compare(self, day: str, movements: list[Movement]) -> Iterator[Finding]:
        listed = {_movement_name(each.key, each.order_id): each for each in movements}
        names_in_trail = set[str]()
        for order, entry in self._entries(day):
            self.counts["entries"] += 1
            name = _movement_name(key_of(entry.subject), order.order_id)
            names_in_trail.add(name)
            found = (
                _amount_finding(order, entry, listed[name]) if name in listed else self._lookup_finding(order, entry)
            )
            yield from [found] if found else []
        of_day = [each for each in movements if day_of(each.at) == day and self._is_settled(each.at)]
        self.counts["movements"] += len(of_day)
        unmatched = [each for each in of_day if _movement_name(each.key, each.order_id) not in names_in_trail]
        orders = self._load(each.order_id for each in unmatched)
        yield from filter(None, (_movement_finding(each, orders.get(each.order_id)) for each in unmatched))

    def _entries(self, day: str) -> Iterator[tuple[Order, Entry]]:
        """Yield the trail's entries of a day that moved money."""
        for keys in list_batches(self.audit, outcomes_on(day)):
            orders = self._load(map(order_id_of_key, keys))
            for key in keys:
                stored = orders.get(order_id_of_key(key))
                entry = _entry_of(stored.order, key) if stored and stored.order else None
                if stored and stored.order and entry and self._is_settled(entry.recorded_at):
                    yield stored.order, entry

    def _load(self, order_ids: Iterator[str]) -> Mapping[str, StoredOrder | None]:
        ids = [*dict.fromkeys(filter(None, order_ids))]
        return dict(zip(ids, self.parallel_map(self.load_order, ids), strict=True))

    def _is_settled(self, at: str) -> bool:
        return at < format_instant(self.settled_before)

    def _status_of(self, order: Order, key: str) -> GatewayStatus:
        refund = order.account.refunds.get(key)
        if refund is None or not refund.is_reported:
            return self.gateway.lookup(order.instruction(key)).status
        return _reported_status(order, key, self.gateway.lookup(order.instruction(order.order_id)))

    def _lookup_finding(self, order: Order, entry: Entry) -> Finding | None:
        """Look up an entry that the gateway does not list on its day."""
        key = key_of(entry.subject)
        try:
            status = self._status_of(order, key)
        except BookingError as error:
            message = f"{_describe(order, entry)} is not listed by the gateway on its day, and {error} Repeat this."
            return Finding(problem=Problem.CANNOT_JUDGE, where=order.order_id, message=message)
        refund = order.account.refunds.get(key)
        was_returned = refund is not None and refund.status is RefundStatus.REVERSED
        if status in _MOVED_STATUSES or (was_returned and status is GatewayStatus.DECLINED):
            return None
        message = (
            f"{_describe(order, entry)} has no movement at the gateway (status `{status.value}`). "
            f"`booking reconcile --order {order.order_id}` opens a case, which two people close."
        )
        return Finding(problem=Problem.NO_MOVEMENT, where=order.order_id, message=message)


def _reported_status(order: Order, key: str, reply: GatewayReply) -> GatewayStatus:
    """Return a refund made at the gateway itself, as a lookup of its payment reports it."""
    reported = (each for each in reply.refunds if refund_id_of_report(order, each) == key)
    return next((each.status for each in reported), GatewayStatus.NOTHING)


def _movement_name(key: str, order_id: str) -> str:
    """Return the name of a movement. A payment has its order's, whether it was charged or captured later."""
    return order_id if key and type_of(key) in ("order", "capture") else key


def _entry_of(order: Order, key: str) -> Entry | None:
    seq = key.rpartition("/")[2].removesuffix(".json")
    entry = order.ledger[int(seq) - 1] if seq.isdigit() and 0 < int(seq) <= order.version else None
    by_people = entry is not None and entry.facts.get("by") == "people"
    return entry if entry and entry.kind in MOVING_KINDS and not by_people else None


def _describe(order: Order, entry: Entry) -> str:
    amount = format_amount(entry.amount_minor, order.currency)
    return f"Entry {entry.seq} ({entry.kind}, {amount}) of {order.order_id}"


def _amount_finding(order: Order, entry: Entry, movement: Movement) -> Finding | None:
    if movement.currency != order.currency or movement.amount_minor == entry.amount_minor:
        return None
    moved = format_amount(movement.amount_minor, movement.currency)
    message = (
        f"{_describe(order, entry)} moved {moved} at the gateway ({movement.reference}). "
        f"`booking reconcile --order {order.order_id}` opens a case, which two people close."
    )
    return Finding(problem=Problem.AMOUNT_DIFFERS, where=order.order_id, message=message)


def _movement_finding(movement: Movement, stored: StoredOrder | None) -> Finding | None:
    """Return the finding for a movement without an entry on its day; None if the ledger has one on another day."""
    order = stored.order if stored else None
    if stored and order is None:
        return None  # the ledger's own verification reports that it cannot be folded
    if order and _is_in_ledger(order, movement):
        return None
    reference, amount = movement.reference, f"{movement.amount_minor} {movement.currency}".rstrip()
    listed = f"The gateway lists {reference}, a {movement.kind} of {amount} at {movement.at}"
    message = (
        f"{listed}, which the ledger of {order.order_id} lacks. `booking reconcile --order {order.order_id}` settles "
        "it or opens a case."
        if order
        else f"{listed} of order {movement.order_id or 'unknown'}, which the table lacks. `booking recover` restores "
        "it if the trail has it; otherwise see gateway-orphans in the runbook."
    )
    return Finding(problem=Problem.NO_ENTRY, where=movement.order_id or reference, message=message)


def _is_in_ledger(order: Order, movement: Movement) -> bool:
    """Return whether an entry, a dispute or a case accounts for a movement."""
    name = _movement_name(movement.key, movement.order_id)
    moved = (each for each in order.ledger if each.kind in MOVING_KINDS)
    about = {f"{MOVEMENT}{movement.reference}", order.subject(movement.key)}
    return (
        any(_movement_name(key_of(entry.subject), order.order_id) == name for entry in moved)
        or movement.key in order.account.disputes
        or any(case.about in about for case in order.account.cases.values())
    )
