"""The time and memory of `booking audit verify`, on an in-memory DynamoDB and S3.

Limits: verifying 20,000 objects needs at most 1.5 times the memory of verifying 2,000, and at most 12 times the time.
Against AWS add the calls: one GetObject for each object, and one GetItem for each order and day.
Memory is what Python allocates beyond the stored data. Times are CPU times, because machines are shared.
"""

import io
import time
import tracemalloc
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from cli.trail_verification import TrailVerification
from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.s3_audit import S3AuditTrail
from tests.handlers.world import World, purchase_of, refund_of

from ._figures import Figure, Options, figure

IS_LONG: Final = True
SIZES: Final = (2_000, 20_000)
ORDERS_PER_WORLD: Final = 100  # a fresh world for so many orders keeps booking fast
OBJECTS_PER_ORDER: Final = 2


@dataclass(frozen=True, slots=True)
class StoredTrail:
    """Orders and audit objects behind the calls that a verification makes."""

    items: Mapping[str, Any]
    objects: Mapping[str, bytes]
    keys: tuple[str, ...]

    def scan(self, **request: Any) -> dict[str, Any]:
        """Return a page of 100 items."""
        keys = list(self.items)
        start = keys.index(request["ExclusiveStartKey"]["pk"]["S"]) + 1 if "ExclusiveStartKey" in request else 0
        page = keys[start : start + 100]
        next_key = {"LastEvaluatedKey": {"pk": {"S": page[-1]}}} if start + 100 < len(keys) else {}
        return {"Items": [self.items[key] for key in page], **next_key}

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Return one item."""
        return {"Item": self.items[request["Key"]["pk"]["S"]]}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """Return a page of 1,000 keys."""
        start = bisect_right(self.keys, request.get("StartAfter") or request["Prefix"])
        page = [key for key in self.keys[start : start + 1000] if key.startswith(request["Prefix"])]
        return {"Contents": [{"Key": key} for key in page], "IsTruncated": len(page) == 1000}

    def get_object(self, **request: Any) -> dict[str, Any]:
        """Return the content of one object."""
        return {"Body": io.BytesIO(self.objects[request["Key"]])}


def book(objects: int) -> StoredTrail:
    """Book orders with a refund each, until there are so many objects."""
    items: dict[str, Any] = {}
    contents: dict[str, bytes] = {}
    for number in range(objects // OBJECTS_PER_ORDER // ORDERS_PER_WORLD):
        world = World()
        world.stock(MUG=(800, 10_000))
        world.clock.now += timedelta(hours=number)
        for one in range(ORDERS_PER_WORLD):
            order_id = world.book(purchase_of(f"p-{number}-{one}", MUG=(2, 800)))["order_id"]
            world.book(refund_of(order_id, amount_minor=300))
        scanned = world.dynamodb.scan(TableName="orders")["Items"]
        items |= {item["pk"]["S"]: item for item in scanned if item["pk"]["S"].startswith("ORDER#")}
        contents |= world.audit_objects()
    return StoredTrail(items, contents, tuple(sorted(contents)))


def verify(trail: StoredTrail) -> tuple[float, int]:
    """Return the CPU seconds and the peak of allocated bytes of one verification, which must have no findings."""
    archive = Archive(client=trail, table="orders")
    check = TrailVerification(
        audit=S3AuditTrail(client=trail, bucket="audit"),  # type: ignore[arg-type]  # it only reads
        orders=archive.orders,
        load_order=archive.order,
        settled_before="9999",
    )
    tracemalloc.start()
    list(check.findings())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    started = time.process_time()
    assert list(check.findings()) == []
    return time.process_time() - started, peak


def figures(_options: Options) -> Iterator[Figure]:
    """Yield what ten times as many objects need, and the figures of both sizes."""
    (small_time, small_peak), (time_, peak) = (verify(book(size)) for size in SIZES)
    against = f"{SIZES[0]:,} objects"
    yield figure(f"memory to verify {SIZES[1]:,} objects", [peak / small_peak], "x", against, limit=1.5)
    yield figure(f"time to verify {SIZES[1]:,} objects", [time_ / small_time], "x", against, limit=12)
    yield figure(f"memory to verify {SIZES[1]:,} objects", [peak / 2**20], "MiB")
    yield figure(f"time to verify {SIZES[1]:,} objects", [time_], "s")
