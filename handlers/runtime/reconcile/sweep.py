"""Sweep the gateway's own list for changes made outside the system: late reversals, and movements that no ledger has.

A movement only names an order to look up. Applying a reply is idempotent, so windows overlap by an hour, and neither
clock differences nor late list entries lose anything. A gateway without a list is asked about settled orders after 1, 7
and 30 days. Longer than 250 lines because the reviews of orphans and watchlists share the run's state.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ...contracts.storage import SHARDS
from ...domain.canonical import day_of, format_instant, parse_instant
from ...domain.errors import PaymentOutcomeUnknown, Unavailable
from ...domain.ledger import RETURNING
from ...domain.lifecycles import CaseReason
from ...domain.order import NewerRelease, Order, ReadOnlyOrder
from ...domain.payments import Movement, PaymentGateway
from ...domain.ports import ListMember, OrderRepository, SweepPosition, SweepRepository, Watchlist
from ...domain.rules.cases import DOUBT, MOVEMENT, is_bought_again, is_in_doubt
from .findings import Findings
from .order_walk import Scan, WalkPosition, WalkPurpose
from .scan_plan import interval_number

OVERLAP: Final = timedelta(hours=1)
MARGIN: Final = timedelta(minutes=1)
FIRST_WINDOW: Final = timedelta(days=30)
"""The period that the first sweep reads, so that it finds what a restored table has lost."""
MAX_PAGES: Final = 200
MAX_REVIEWED: Final = 100
"""List members read per run. Runs rotate through the list, and its length is a metric."""
MAX_COMPARED: Final = 500
"""Approximate number of orders compared per run with those in doubt; the page that reaches it is completed."""
_REVIEW_ORDER: Final = (Watchlist.CASES, Watchlist.DISPUTES, Watchlist.DOUBTS)
"""The watchlists in the order of their review. Doubts come last because they read the most."""
AGES: Final = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
AGED_WINDOW: Final = timedelta(minutes=15)
"""The period before the first run, with a gateway without a list, in which orders may have reached an age."""
FAR_FUTURE: Final = timedelta(days=3650)
_PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySweep:
    """One run of the sweep. `reconcile_order` looks an order up, and stores a due time if a service fails."""

    sweeps: SweepRepository
    orders: OrderRepository
    gateway: PaymentGateway
    reconcile_order: Callable[[str], None]
    open_repeat_case: Callable[[Order, Order], Order]
    open_orphan_case: Callable[[Order, Movement], Order]
    now: datetime
    has_time: Callable[[], bool]
    findings: Findings
    _compared: dict[str, object] = field(default_factory=dict[str, object], init=False)
    """The results of `_load_safely` for orders that were loaded for comparison, by id."""

    def run(self) -> None:
        """Continue from the stored position while there is time. The next run retries failures."""
        for name, part in (
            ("the sweep of the gateway", self._sweep),
            ("the review of the orphans", self._review_orphans),
            ("the review of the open cases and disputes", self._review_watchlists),
        ):
            self._isolate(name, part)

    def _isolate(self, name: str, part: Callable[[], None]) -> None:
        try:
            part()
        except (Unavailable, PaymentOutcomeUnknown):
            self.findings.postpone(name)
        except Exception as error:  # law 28: a bad list or order must not affect any other part
            self.findings.note_failure(name, error)

    def _sweep(self) -> None:
        stored = self.sweeps.position()
        self._note_age(stored)
        reached = self._queue_open_orders(stored) if stored and self._is_beyond_reach(stored) else None
        if reached:
            self.findings.postpone("the sweep of the gateway")  # a later run reads the list once all are queued
        else:
            reached = self._read_window(stored)
        if not self.sweeps.advance(stored, reached):
            self.findings.postpone("the sweep of the gateway")  # another run is reading the same list
        else:
            self._note_age(reached)

    def _read_window(self, stored: SweepPosition | None) -> SweepPosition:
        window = self._begin(stored)
        reached = self._read(window)
        if reached:
            return reached
        since = stored.through if stored else format_instant(self.now - AGED_WINDOW)
        return self._check_aged(since, str(window.until), _parse_walk(stored, WalkPurpose.AGED))

    def _note_age(self, position: SweepPosition | None) -> None:
        if position:
            self.findings.cursor_age = int((self.now - parse_instant(position.through)).total_seconds())

    def _begin(self, stored: SweepPosition | None) -> SweepPosition:
        """Return the unfinished window, or a new one that ends now; a slow clock cannot move its end back."""
        if stored and stored.until:
            return stored
        until = format_instant(self.now - MARGIN)
        through = stored.through if stored else format_instant(self.now - FIRST_WINDOW)
        return SweepPosition(through=through, until=max(through, until))

    def _is_beyond_reach(self, stored: SweepPosition) -> bool:
        """Return whether the next window begins at a time that the gateway's list no longer shows."""
        reach = self.gateway.list_reach
        return reach is not None and not stored.until and self.now - parse_instant(stored.through) > reach

    def _queue_open_orders(self, stored: SweepPosition) -> SweepPosition | None:
        """Make every unfinished order due now, because the list no longer names those that changed.

        Return the position of the next run; None once all are queued. "Now" is the time of the run that began the walk,
        so an order that was due earlier is visited at most twice.
        """
        position = _parse_walk(stored, WalkPurpose.QUEUE)
        position = position or WalkPosition(purpose=WalkPurpose.QUEUE, time=format_instant(self.now))
        far_future = format_instant(self.now + FAR_FUTURE)
        scans = [self._scan_open(shard, far_future) for shard in range(SHARDS)]
        remaining = position.walk(scans, lambda order_id: self._queue(order_id, position.time), self.has_time)
        return SweepPosition(through=stored.through, after=str(remaining)) if remaining else None

    def _scan_open(self, shard: int, until: str) -> Scan:
        """Return the scan of a shard's orders that are due now or later."""
        return lambda after: self.orders.list_due(shard, until, after, _PAGE_SIZE)

    def _queue(self, order_id: str, due: str) -> None:
        order = self._load_safely(order_id)
        while isinstance(order, Order) and not self.orders.defer(order, due, due):
            order = self._load_safely(order_id)

    def _read(self, position: SweepPosition) -> SweepPosition | None:
        """Read the window page by page; None if the gateway has no list."""
        until, after = str(position.until), position.after
        since = format_instant(parse_instant(position.through) - OVERLAP)
        seen = set[str]()
        for _ in range(MAX_PAGES):
            if not self.has_time():
                break
            page = self.gateway.movements(since, until, after)
            if page is None:
                return None
            for movement in page.movements:
                self._follow_safely(movement, seen)
            after = page.after
            if after is None:
                return SweepPosition(through=until)
        return SweepPosition(through=position.through, until=until, after=after)

    def _follow_safely(self, movement: Movement, seen: set[str]) -> None:
        try:
            self._follow(movement, seen)
        except (Unavailable, PaymentOutcomeUnknown):
            raise
        except Exception as error:  # law 28: an order that cannot be read blocks neither the list nor its position
            self.findings.note_failure(movement.order_id or movement.reference, error)

    def _follow(self, movement: Movement, seen: set[str]) -> None:
        """Look up the order of a movement that its ledger lacks."""
        if self._has_entry(movement):
            return
        if movement.order_id and movement.order_id not in seen:
            seen.add(movement.order_id)
            self.reconcile_order(movement.order_id)
        if not self._explain(movement):
            self.sweeps.add_orphan(movement, format_instant(self.now))

    def _has_entry(self, movement: Movement) -> bool:
        """Return whether the ledger has an outcome of the key from after the money moved, or waits for one.

        For money that was returned, the entry must record the return. Any other entry may stem from a reply that
        preceded the return, written late or by a function whose clock is fast (law 29).
        """
        order = self._load(movement.order_id)
        if isinstance(order, ReadOnlyOrder):
            return True
        if order is None:
            return False
        if movement.key in order.in_flight:
            return True  # it is in the attention index, with its own due time
        subject = order.subject(movement.key)
        return any(
            entry.subject == subject
            and entry.recorded_at >= movement.at
            and (entry.kind in RETURNING or not movement.is_return)
            for entry in order.ledger
        )

    def _explain(self, movement: Movement) -> bool:
        """Return whether the movement's order has an entry or a case for it; if neither, open the case."""
        order = self._load(movement.order_id)
        if order is None or isinstance(order, ReadOnlyOrder):
            return order is not None
        account, key = order.account, movement.key
        is_known = order.find_request(key) is not None or key in account.disputes or key in account.refunds
        about = {f"{MOVEMENT}{movement.reference}", order.subject(key)}
        if not is_known and not any(case.about in about for case in account.cases.values()):
            self.open_orphan_case(order, movement)
        return True

    def _load(self, order_id: str) -> Order | ReadOnlyOrder | None:
        try:
            return self.orders.load(order_id) if order_id else None
        except NewerRelease as newer:
            self.findings.note_newer_release(newer)
            return newer.order

    def _review_orphans(self) -> None:
        """Report the orphans while there is time, and remove those whose order now exists."""
        listed = self.sweeps.list_orphans()
        self.findings.orphan_count = len(listed)
        for each in _rotate(listed, self.now):
            if not self.has_time():
                break
            movement = self.sweeps.load_orphan(each.name)
            if movement is None or self._explain(movement):
                self.sweeps.remove_orphan(each.name)
                self.findings.orphan_count -= 1
            else:
                self.findings.note_orphan(movement)

    def _review_watchlists(self) -> None:
        """Report the open cases and disputes while there is time, and remove orders that no longer have any."""
        for watchlist in _REVIEW_ORDER:
            listed, done = self.sweeps.list_watched(watchlist), set[str]()
            for each in _rotate(listed, self.now):
                if not self.has_time():
                    break
                if self._is_done(watchlist, each.name):
                    self.sweeps.unwatch(watchlist, each.name)
                    done.add(each.name)
            remaining = [each for each in listed if each.name not in done]
            age = self.now - parse_instant(remaining[0].since) if remaining else timedelta()
            self.findings.watched[watchlist] = len(remaining), int(age.total_seconds())

    def _is_done(self, watchlist: Watchlist, order_id: str) -> bool:
        """Report the open items of an order that a watchlist is about, and return whether there are none."""
        order = self._load_safely(order_id)
        if not isinstance(order, Order):
            return order is None
        if watchlist is Watchlist.DOUBTS:
            self._find_repeat(order)
            return not is_in_doubt(order, self.now)
        if watchlist is Watchlist.CASES:
            self.findings.note_cases(order)
            return not order.account.open_cases
        self.findings.note_disputes(order)
        return not order.account.open_disputes

    def _load_safely(self, order_id: str) -> Order | ReadOnlyOrder | Exception | None:
        """Load an order. A failure becomes a finding and does not hide other orders (law 28)."""
        try:
            return self._load(order_id)
        except (Unavailable, PaymentOutcomeUnknown):
            raise
        except Exception as error:
            self.findings.note_failure(order_id, error)
            return error

    def _find_repeat(self, order: Order) -> None:
        """Open a case about an order that repeats the purchase of an order in doubt.

        Only one case is open at a time, so a customer who repeats a purchase many times does not fill the order's
        ledger.
        """
        cases = [each for each in order.account.cases.values() if each.reason == CaseReason.BOUGHT_AGAIN]
        if any(each.is_open for each in cases):
            return
        others = self._later_orders(order, known={each.about for each in cases})
        if other := next((each for each in others if is_bought_again(order, each)), None):
            self.open_repeat_case(order, other)

    def _later_orders(self, order: Order, known: Collection[str]) -> Iterator[Order]:
        """Yield the orders that a customer placed within `DOUBT`, while this run may compare more."""
        since, after = order.ordered_at, None
        until = format_instant(parse_instant(since) + DOUBT)
        while len(self._compared) < MAX_COMPARED and self.has_time():
            page = self.orders.list_of_customer(order.customer_id, since, until, after, _PAGE_SIZE)
            for order_id in page.names:
                if order_id not in self._compared:
                    self._compared[order_id] = self._load_safely(order_id)
                other = self._compared[order_id]
                if isinstance(other, Order) and order_id not in known:
                    yield other
            if (after := page.after) is None:
                break

    def _check_aged(self, since: str, until: str, resume_at: WalkPosition | None) -> SweepPosition:
        """Look up the orders whose last entry became 1, 7 or 30 days old, and return the position reached.

        The window is read in slices of a day, each from the position at which an earlier run ran out of time.
        """
        while since < until:
            end = min(until, format_instant(parse_instant(since) + timedelta(days=1)))
            position = resume_at or WalkPosition(purpose=WalkPurpose.AGED, time=end)
            remaining = position.walk([*self._aged_scans(since, position.time)], self.reconcile_order, self.has_time)
            if remaining:
                return SweepPosition(through=since, after=str(remaining))
            since, resume_at = position.time, None
        return SweepPosition(through=since)

    def _aged_scans(self, since: str, until: str) -> Iterator[Scan]:
        """Yield the scans of the orders that reach an age within a slice, in an order that depends only on the slice.

        Each scan lists one order, so the time is checked before each lookup, which takes far longer than the listing.
        """
        for age in AGES:
            first, last = (format_instant(parse_instant(each) - age) for each in (since, until))
            for day in sorted({day_of(first), day_of(last)}):
                for shard in range(SHARDS):
                    yield self._scan_changed(day, shard, first, last)

    def _scan_changed(self, day: str, shard: int, since: str, until: str) -> Scan:
        return lambda after: self.orders.list_changed(day, shard, since, after, 1, until)


def _parse_walk(stored: SweepPosition | None, purpose: WalkPurpose) -> WalkPosition | None:
    """Parse the walk in a stored position; None for a position within a window of the list."""
    return WalkPosition.parse(stored.after, purpose) if stored and stored.after and not stored.until else None


def _rotate(listed: Sequence[ListMember], now: datetime) -> Sequence[ListMember]:
    """Return a list's members for the run at `now`, beginning at a different one in each run."""
    step = MAX_REVIEWED if len(listed) > MAX_REVIEWED else 1  # if time runs out, the next run begins elsewhere
    first = interval_number(now) * step % len(listed) if listed else 0
    return [*listed[first:], *listed[:first]][:MAX_REVIEWED]
