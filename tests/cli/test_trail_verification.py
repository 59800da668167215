"""The streaming check of the trail finds the same as a check in memory, and its memory is bounded."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cli.trail_verification import MAX_HELD, TrailVerification
from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.canonical import format_instant
from handlers.domain.trail.verification import Finding, Problem, verify
from tests.handlers.world import World, purchase_of, refund_of

LATER = "9999-12-31T00:00:00.000Z"


def book_orders(orders: int = 3) -> World:
    """Return a world with this many orders on three days, each with a refund and a rejected refund."""
    world = World()
    world.stock(MUG=(800, 10_000))
    world.dynamodb.page_items = 10
    for number in range(orders):
        world.clock.now += timedelta(days=1) if number % (orders // 3) == 0 and number else timedelta(seconds=1)
        order = world.book(purchase_of(f"p-{number}", MUG=(2, 800)))["order_id"]
        world.book(refund_of(order, amount_minor=300))
        assert world.book(refund_of(order, "too-much", amount_minor=9999))["status"] == "rejected"
    return world


def verification(world: World, **arguments: Any) -> TrailVerification:
    archive = Archive(client=world.dynamodb, table="orders")
    parameters = {"orders": archive.orders, "load_order": archive.order, "settled_before": LATER, **arguments}
    return TrailVerification(audit=S3AuditTrail(client=world.s3, bucket="audit"), **parameters)


def stream_findings(world: World, **arguments: Any) -> list[Finding]:
    return list(verification(world, **arguments).findings())


def outcome_keys(world: World) -> list[str]:
    return [key for key in sorted(world.audit_objects()) if key.startswith("outcomes/")]


def put(world: World, key: str, body: bytes) -> None:
    world.s3.put_object(Bucket="audit", Key=key, Body=body)


def alter(world: World) -> None:
    key = outcome_keys(world)[1]
    put(world, key, world.audit_objects()[key].replace(b'"amount_minor":300', b'"amount_minor":301'))


def swap(world: World) -> None:
    one, other = outcome_keys(world)[:2]
    contents = world.audit_objects()
    put(world, one, contents[other])
    put(world, other, contents[one])


def reorder(world: World) -> None:
    key = outcome_keys(world)[1]
    record = json.loads(world.audit_objects()[key])
    record["ledger"].reverse()
    put(world, key, json.dumps(record).encode())


def replace_with_text(world: World) -> None:
    put(world, outcome_keys(world)[0], b"not a record")


def forge_refusal(world: World) -> None:
    [key, *_] = [key for key in sorted(world.audit_objects()) if key.startswith("refusals/")]
    put(world, key, json.dumps({**json.loads(world.audit_objects()[key]), "execution": "another"}).encode())


def add_outcome_of_no_order(world: World) -> None:
    put(world, "outcomes/date=2026-03-01/order=ord_none/000002.json", world.audit_objects()[outcome_keys(world)[0]])


def remove_object(world: World) -> None:
    del world.s3.versions["audit", outcome_keys(world)[1]]


def remove_all_objects_of_a_day(world: World) -> None:
    day = outcome_keys(world)[-1].split("/")[1]
    for key in outcome_keys(world):
        if day in key:
            del world.s3.versions["audit", key]


def remove_order(world: World) -> None:
    order_id = json.loads(world.audit_objects()[outcome_keys(world)[0]])["order_id"]
    world.dynamodb.delete_item(TableName="orders", Key={"pk": {"S": f"ORDER#{order_id}"}})


def break_ledger(world: World) -> None:
    order_id = json.loads(world.audit_objects()[outcome_keys(world)[0]])["order_id"]
    world.dynamodb.update_item(
        TableName="orders",
        Key={"pk": {"S": f"ORDER#{order_id}"}},
        UpdateExpression="SET ledger[1].amount_minor = :more",
        ExpressionAttributeValues={":more": {"N": "999999"}},
    )


DAMAGES: tuple[Callable[[World], None], ...] = (
    *(alter, swap, reorder, replace_with_text, forge_refusal, add_outcome_of_no_order),
    *(remove_object, remove_all_objects_of_a_day, remove_order, break_ledger),
)


def test_an_intact_trail_has_no_findings() -> None:
    world = book_orders()
    check = verification(world)
    assert list(check.findings()) == []
    assert check.counts == {"orders": 3, "objects": 9}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_streaming_check_finds_the_same_as_a_check_in_memory(damage: Callable[[World], None]) -> None:
    world = book_orders()
    damage(world)
    expected = verify(Archive(client=world.dynamodb, table="orders").orders(), world.audit_objects())
    assert expected
    assert set(stream_findings(world)) == set(expected)


@pytest.mark.parametrize("page_keys", [1, 2, 7, 1000])
def test_findings_do_not_depend_on_the_page_size(page_keys: int) -> None:
    world = book_orders()
    alter(world)
    del world.s3.versions["audit", outcome_keys(world)[-1]]
    world.s3.page_keys = page_keys
    assert [finding.problem for finding in stream_findings(world)] == [Problem.ALTERED, Problem.MISSING]


def test_an_object_outside_the_known_prefixes_is_found_wherever_it_sorts() -> None:
    world = book_orders()
    strays = ["aaa/x.json", "outcomes", "pictures/x.json", "refusals.json", "zzz"]
    for key in strays:
        put(world, key, b"{}")
    world.s3.page_keys = 2
    found = stream_findings(world)
    assert [(finding.problem, finding.where) for finding in found] == [(Problem.EXTRA, key) for key in strays]


def test_since_reads_no_earlier_object() -> None:
    """The damage is on the first day, so a check from the second day on does not find it."""
    world = book_orders()
    days = sorted({key.split("/")[1].removeprefix("date=") for key in outcome_keys(world)})
    remove_object(world)
    check = verification(world, since=days[1])
    assert list(check.findings()) == []
    assert check.counts["objects"] == 6
    assert [finding.problem for finding in stream_findings(world, since=days[0])] == [Problem.MISSING]


def test_an_entry_within_the_grace_period_may_lack_its_object() -> None:
    world = book_orders()
    [last] = [key for key in outcome_keys(world) if key.endswith("000004.json")][-1:]
    del world.s3.versions["audit", last]
    at = format_instant(world.clock.now - timedelta(seconds=1))
    assert stream_findings(world, settled_before=at) == []
    assert [finding.where for finding in stream_findings(world)] == [last]


def test_a_booking_during_the_check_is_not_a_finding() -> None:
    """The bookings happen after the ledgers were read, so only the bucket contains them."""
    world = book_orders()
    archive = Archive(client=world.dynamodb, table="orders")

    def orders_then_bookings() -> Any:
        yield from list(archive.orders())
        if "p-late" not in str(world.calls):
            world.book(purchase_of("p-late", MUG=(1, 800)))

    assert stream_findings(world, orders=orders_then_bookings) == []


class ObjectCount:
    """Count objects in memory, with the present and the highest number."""

    def __init__(self) -> None:
        self.live = self.peak = self.total = 0

    def add(self) -> None:
        self.total += 1
        self.live += 1
        self.peak = max(self.peak, self.live)

    def remove(self) -> None:
        self.live -= 1


class CountedContent(bytes):
    """The content of an object, counted for as long as it is in memory."""

    tally: ObjectCount

    def __del__(self) -> None:
        self.tally.remove()


class CountedTrail(S3AuditTrail):
    """An audit log that counts the contents in memory."""

    tally = ObjectCount()

    def read(self, key: str) -> bytes | None:
        content = CountedContent(super().read(key) or b"")
        content.tally = self.tally
        self.tally.add()
        return content


def test_memory_does_not_grow_with_the_trail() -> None:
    """At most a batch of objects is in memory at once."""
    world, log = book_orders(60), CountedTrail
    log.tally = ObjectCount()
    check = replace(verification(world), audit=log(client=world.s3, bucket="audit"))
    assert list(check.findings()) == []
    assert (check.counts["objects"], log.tally.total) == (180, 180)
    assert log.tally.peak <= MAX_HELD < 120
    assert log.tally.live == 0


def test_no_more_than_a_batch_is_read_at_once() -> None:
    world = book_orders(60)
    archive, batch_sizes = Archive(client=world.dynamodb, table="orders"), list[int]()

    def in_batches(function: Callable[[str], Any], keys: Any) -> Any:
        keys = list(keys)
        batch_sizes.append(len(keys))
        return map(function, keys)

    assert stream_findings(world, load_order=archive.order, parallel_map=in_batches) == []
    assert max(batch_sizes) <= MAX_HELD
