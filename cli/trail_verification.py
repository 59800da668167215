"""Verify that the ledgers and the audit trail agree, in memory that does not grow with the trail.

Every ledger and every audit object is read once, in batches. Missing objects are found without keeping either side in
memory: for each day, the keys that the ledgers require and the keys that exist are added up as keyed hashes. Two equal
sums mean that nothing is missing on that day. Where they differ, the orders are read once more to name the missing
objects.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby
from typing import Any, Final

from handlers.contracts.storage import OUTCOMES_PREFIX, REFUSALS_PREFIX, SEALS_PREFIX
from handlers.domain.ports import AuditTrail
from handlers.domain.trail.audit import outcomes_of
from handlers.domain.trail.verification import (
    Finding,
    Problem,
    StoredOrder,
    judge_outcome,
    judge_refusal,
    missing_record,
    required_records,
    verify_chain,
)

KNOWN_PREFIXES: Final = (OUTCOMES_PREFIX, REFUSALS_PREFIX, SEALS_PREFIX)
MAX_HELD: Final = 100  # objects, and their orders, in memory at once
_LAST_CHARACTER: Final = "\U0010ffff"  # sorts after every other character of a key

ParallelMap = Callable[[Callable[[str], Any], Iterable[str]], Iterable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySums:
    """A sum of keyed hashes for each day: two sums of a day are equal exactly if they were built from the same keys.

    Each run has its own secret, so nobody can choose keys whose hashes cancel out.
    """

    secret: bytes
    _sums: Counter[str] = field(default_factory=Counter[str])

    def add(self, key: str) -> None:
        """Add an audit key to the sum of its day."""
        digest = hashlib.blake2b(key.encode(), key=self.secret, digest_size=32).digest()
        self._sums[day_of_key(key)] += int.from_bytes(digest)

    def differing_days(self, other: "DailySums") -> frozenset[str]:
        """Return the days on which the two sums differ."""
        return frozenset(day for day in self._sums.keys() | other._sums.keys() if self._sums[day] != other._sums[day])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailVerification:
    """One check of the trail, from the day `since` on (YYYY-MM-DD), or of the whole trail.

    `orders` returns the ledgers to check; it is called again if objects are missing. `parallel_map` reads many objects
    or orders at once; `on_object` gets the number of objects read so far. An entry at or after `settled_before` may
    still lack its object, because its execution may be running.
    """

    audit: AuditTrail
    orders: Callable[[], Iterable[StoredOrder]]
    load_order: Callable[[str], StoredOrder | None]
    settled_before: str
    since: str | None = None
    parallel_map: ParallelMap = map
    on_object: Callable[[int], object] = int
    counts: Counter[str] = field(default_factory=Counter[str])
    required: DailySums = field(init=False)
    existing: DailySums = field(init=False)

    def __post_init__(self) -> None:
        secret = secrets.token_bytes(32)
        object.__setattr__(self, "required", DailySums(secret=secret))
        object.__setattr__(self, "existing", DailySums(secret=secret))

    def findings(self) -> Iterator[Finding]:
        """Yield every finding. `counts` has the number of `orders` and `objects` read so far."""
        yield from self._verify_ledgers()
        yield from self._verify_outcomes()
        yield from self._verify_refusals()
        yield from self._find_unknown_keys()
        yield from self._find_missing()

    def _verify_ledgers(self) -> Iterator[Finding]:
        for stored in self.orders():
            self.counts["orders"] += 1
            yield from verify_chain(stored)
            for key in self._settled_keys(stored):
                self.required.add(key)

    def _verify_outcomes(self) -> Iterator[Finding]:
        for keys in self._batches(OUTCOMES_PREFIX):
            yield from self._verify_batch(keys)

    def _verify_batch(self, keys: tuple[str, ...]) -> Iterator[Finding]:
        """Compare outcomes with their orders, which are read after the listing and so have every listed entry."""
        contents = dict(zip(keys, self.parallel_map(self.audit.read, keys), strict=True))
        groups = {order_id: tuple(group) for order_id, group in groupby(keys, key=order_id_of_key)}
        for group, order in zip(groups.values(), self.parallel_map(self.load_order, groups), strict=True):
            yield from self._judge_outcomes(order, {key: contents[key] for key in group})

    def _judge_outcomes(self, stored: StoredOrder | None, contents: dict[str, bytes | None]) -> Iterator[Finding]:
        settled = set(self._settled_keys(stored)) if stored else set[str]()
        for key, content in contents.items():
            if content is None:
                continue  # deleted since the listing, so it counts as missing
            self._count_object()
            yield from judge_outcome(key, content, stored)
            if key in settled:
                self.existing.add(key)

    def _verify_refusals(self) -> Iterator[Finding]:
        for keys in self._batches(REFUSALS_PREFIX):
            for key, content in zip(keys, self.parallel_map(self.audit.read, keys), strict=True):
                if content is not None:
                    self._count_object()
                    yield from judge_refusal(key, content)

    def _count_object(self) -> None:
        self.counts["objects"] += 1
        self.on_object(self.counts["objects"])

    def _find_unknown_keys(self) -> Iterator[Finding]:
        """Report objects outside the known prefixes, without listing the known ones."""
        after: str | None = ""
        while after is not None:
            page = self.audit.keys("", after or None)
            after = page.after
            for key in page.names:
                known_prefix = next((prefix for prefix in KNOWN_PREFIXES if key.startswith(prefix)), None)
                if known_prefix is not None:
                    after = known_prefix + _LAST_CHARACTER
                    break
                yield Finding(problem=Problem.EXTRA, where=key, message="No object of this system has such a key.")

    def _find_missing(self) -> Iterator[Finding]:
        days = self.required.differing_days(self.existing)
        for stored in self.orders() if days else ():
            keys = {key for key in self._settled_keys(stored) if day_of_key(key) in days}
            prefixes = {outcomes_of(stored.order_id, day_of_key(key)) for key in keys}
            present = set(chain.from_iterable(map(partial(list_keys, self.audit), prefixes)))
            yield from (missing_record(stored, key) for key in sorted(keys - present))

    def _settled_keys(self, stored: StoredOrder) -> Iterator[str]:
        for key, entry in required_records(stored).items():
            if entry.recorded_at < self.settled_before and (self.since is None or day_of_key(key) >= self.since):
                yield key

    def _batches(self, prefix: str) -> Iterator[tuple[str, ...]]:
        start = f"{prefix}date={self.since}" if self.since else None
        return list_batches(self.audit, prefix, start)


def day_of_key(key: str) -> str:
    """Return the day in an audit key."""
    return key.partition("date=")[2].partition("/")[0]


def order_id_of_key(key: str) -> str:
    """Return the order in the key of an outcome."""
    return key.partition("order=")[2].partition("/")[0]


def list_keys(audit: AuditTrail, prefix: str) -> Iterator[str]:
    """Yield every key below a prefix."""
    return chain.from_iterable(list_batches(audit, prefix))


def list_batches(audit: AuditTrail, prefix: str, after: str | None = None) -> Iterator[tuple[str, ...]]:
    """Yield the keys below a prefix and after `after`, a batch at a time."""
    while True:
        page = audit.keys(prefix, after)
        yield from (page.names[start : start + MAX_HELD] for start in range(0, len(page.names), MAX_HELD))
        if (after := page.after) is None:
            return
