"""Every ledger entry is published at least once, and in order per order, whatever fails."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.dynamodb.attribute_values import encode_item
from handlers.adapters.dynamodb.order_stream import events_after
from handlers.contracts.order_event import OrderEvent
from handlers.publish import publish
from handlers.runtime.dependencies import Dependencies
from handlers.runtime.settings import Settings
from tests.fakes.events import FakeEventBridge
from tests.handlers.event_schemas import generate
from tests.handlers.faults import MODES, Counted, Crash, Faults
from tests.handlers.world import World, purchase_of, refund_of

Record = dict[str, Any]


def _history() -> list[Record]:
    """Return the stream of several orders and the stock, including a write of two entries."""
    world = World()
    world.stock(MUG=(800, 20), POT=(2450, 5))
    for number, token in enumerate(("pm_ok", "pm_refund_reversed", "pm_timeout_then_ok")):
        order_id = world.book(purchase_of(f"buy-{number}", token, MUG=(2, 800), POT=(1, 2450)))["order_id"]
        world.book(refund_of(order_id, f"part-{number}", amount_minor=100))
        world.book(refund_of(order_id, f"rest-{number}"))
    _settle_and_reverse_in_one_write(world)
    return world.dynamodb.streams["orders"]


def _settle_and_reverse_in_one_write(world: World) -> None:
    """Let a refund crash after the gateway made it, and reconcile after it was reversed."""
    order_id = world.book(purchase_of("buy-back", "pm_refund_reversed", MUG=(1, 800)))["order_id"]
    world.faults.arm(at_3="crash_after")
    with pytest.raises(Crash):
        world.book(refund_of(order_id, "back"))
    world.faults.arm()
    world.clock.advance(timedelta(hours=1))
    world.reconcile()


STREAM = _history()


def _entries(records: Sequence[Record]) -> dict[str, list[int]]:
    """Return the entries in a stream, per order."""
    newest = {record["dynamodb"]["Keys"]["pk"]["S"]: record["dynamodb"]["NewImage"] for record in records}
    orders = {key.removeprefix("ORDER#"): item for key, item in newest.items() if key.startswith("ORDER#")}
    return {order_id: list(range(1, len(item["ledger"]["L"]) + 1)) for order_id, item in orders.items()}


def _entries_by_order(bus: FakeEventBridge) -> dict[str, list[int]]:
    """Return the entries that a bus accepted, per order, in the sequence of acceptance."""
    published: dict[str, list[int]] = {}
    for event in bus.events:
        published.setdefault(event["detail"]["order_id"], []).append(event["detail"]["seq"])
    return published


def _first_publications(bus: FakeEventBridge) -> dict[str, list[int]]:
    return {order_id: list(dict.fromkeys(seqs)) for order_id, seqs in _entries_by_order(bus).items()}


def _function(bus: FakeEventBridge, faults: Faults | None = None) -> Dependencies:
    environment = {"BOOKING_STAGE": "test", "BOOKING_EVENT_BUS": "orders"}
    client = Counted(bus, faults or Faults())
    return Dependencies(
        settings=Settings(environment=environment),
        clients=lambda service: {"events": client}[service],
        sleep=lambda _: None,
        write=lambda _: None,
    )


def _deliver(records: Sequence[Record], deps: Dependencies, size: int) -> None:
    """Deliver a stream as Lambda does: batch after batch, each again from its first failed record on."""
    position = attempts = 0
    while position < len(records):
        batch = records[position : position + size]
        attempts += 1
        assert attempts < 10 * len(records), "the stream stands still"
        try:
            failed = publish({"Records": batch}, deps)["batchItemFailures"]
        except (Crash, ClientError):
            continue
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        position += min((numbers.index(each["itemIdentifier"]) for each in failed), default=len(batch))


def test_the_history_has_a_write_of_two_entries() -> None:
    """They are the reason why no two events of one order share a request."""
    changes = [record["dynamodb"] for record in STREAM if "ledger" in record["dynamodb"].get("OldImage", {})]
    lengths = [[len(change[image]["ledger"]["L"]) for image in ("OldImage", "NewImage")] for change in changes]
    assert 2 in {after - before for before, after in lengths}


@pytest.mark.parametrize("size", [1, 3, 100])
def test_every_entry_is_published_once_and_in_order_if_nothing_fails(size: int) -> None:
    """The events of an order equal its ledger for any batch size."""
    bus = FakeEventBridge()
    _deliver(STREAM, _function(bus), size)
    assert _entries_by_order(bus) == _entries(STREAM)


@given(st.dictionaries(st.integers(0, 30), st.sampled_from(MODES), max_size=8), st.integers(1, 12))
def test_every_entry_is_published_in_order_despite_failures_and_crashes(plan: dict[int, str], size: int) -> None:
    """An entry may be published again, but never for the first time after a later one of its order."""
    bus, faults = FakeEventBridge(), Faults()
    faults.plan = plan
    _deliver(STREAM, _function(bus, faults), size)
    assert _first_publications(bus) == _entries(STREAM)


@given(st.lists(st.booleans(), max_size=120), st.integers(1, 12))
def test_every_entry_is_published_in_order_despite_refusals_of_the_bus(refusals: list[bool], size: int) -> None:
    """The bus may accept some entries of a request and refuse others."""
    script = iter(refusals)
    bus = FakeEventBridge(refuses=lambda _: next(script, False))
    _deliver(STREAM, _function(bus), size)
    assert _first_publications(bus) == _entries(STREAM)


@given(st.lists(st.integers(0, len(STREAM)), max_size=2), st.integers(4, 12))
def test_a_redelivered_batch_publishes_the_same_events(starts: list[int], size: int) -> None:
    """An event depends on its entry alone, so a consumer may drop repetitions by their id."""
    bus = FakeEventBridge()
    _deliver(STREAM, _function(bus), size)
    once = {(event["detail"]["id"], json.dumps(event, sort_keys=True)) for event in bus.events}
    for start in starts:
        _deliver(STREAM[start:], _function(bus), size)
    again = {(event["detail"]["id"], json.dumps(event, sort_keys=True)) for event in bus.events}
    assert again == once


@given(st.sampled_from(sorted(_entries(STREAM))), st.integers(1, 8))
def test_a_failing_entry_delays_only_its_own_order(order_id: str, seq: int) -> None:
    """Law 28 (isolation): the later entries of that order wait, and no others do."""
    bus = FakeEventBridge(refuses=lambda detail: (detail["order_id"], detail["seq"]) == (order_id, seq))
    answer = publish({"Records": STREAM}, _function(bus))
    expected = {**_entries(STREAM), order_id: [each for each in _entries(STREAM)[order_id] if each < seq]}
    assert _entries_by_order(bus) == {order: seqs for order, seqs in expected.items() if seqs}
    failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
    keys = {_key(record) for record in STREAM if record["dynamodb"]["SequenceNumber"] in failed}
    assert keys == ({f"ORDER#{order_id}"} if seq in _entries(STREAM)[order_id] else set())


def _without_customer(image: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name != "customer_id"}


def _without_a_date(image: dict[str, Any]) -> dict[str, Any]:
    entry = {**image["ledger"]["L"][0]["M"], "recorded_at": {"S": "once upon a time"}}
    return {**image, "ledger": {"L": [{"M": entry}]}}


@pytest.mark.parametrize("spoil", [_without_customer, _without_a_date])
def test_an_unreadable_order_delays_no_other(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Law 28 (isolation): a spoiled item fails alone."""
    first = next(record for record in STREAM if _key(record).startswith("ORDER#"))
    spoiled = {**first, "dynamodb": {**first["dynamodb"], "NewImage": spoil(first["dynamodb"]["NewImage"])}}
    bus = FakeEventBridge()
    answer = publish({"Records": [spoiled if record is first else record for record in STREAM]}, _function(bus))
    order_id = _key(first).removeprefix("ORDER#")
    assert _entries_by_order(bus) == {order: seqs for order, seqs in _entries(STREAM).items() if order != order_id}
    assert answer["batchItemFailures"][0] == {"itemIdentifier": first["dynamodb"]["SequenceNumber"]}


def test_an_entry_of_a_kind_from_a_newer_release_is_published() -> None:
    """Law 39 (two releases): its totals are those that the newer release stored."""
    item = _last_image()
    newer = {**item["ledger"]["L"][-1]["M"], "type": {"S": "OrderGiftWrapped"}}
    ledger = {"L": [*item["ledger"]["L"][:-1], {"M": newer}]}
    event = events_after({**item, "ledger": ledger}, len(ledger["L"]) - 1)[0]
    totals = json.loads(event.detail)["totals"]
    assert event.kind == "OrderGiftWrapped"
    assert totals["status"] == item["status"]["S"]
    assert totals["captured_minor"] == int(item["captured_minor"]["N"])


def test_events_contain_no_free_text_payment_method_salt_or_salted_hash() -> None:
    """Consumers get no free text, nothing to pay with, and nothing to check a guess against."""
    bus = FakeEventBridge()
    _deliver(STREAM, _function(bus), 100)
    serialized = json.dumps(bus.events)
    for secret in ("scratched", "pm_", "5a17", "sha256"):
        assert secret not in serialized


def test_every_event_matches_its_contract() -> None:
    """It has no field that the published schema does not describe."""
    bus = FakeEventBridge()
    _deliver(STREAM, _function(bus), 100)
    for event in bus.events:
        detail = OrderEvent.model_validate(event["detail"])
        assert detail.model_extra == {}
        assert detail.totals.model_extra == {}
        assert detail.id == f"{detail.order_id}#{detail.seq}"
        assert (event["source"], event["detail-type"]) == ("booking.orders", detail.type)


def test_an_entry_too_large_for_an_event_is_published_without_its_facts() -> None:
    """The event says that they are missing, and the order is not delayed."""
    order = {"order_id": "ord_1", "customer_id": "c", "currency": "EUR"}
    entry = {"seq": 1, "type": "OrderPlaced", "at": "2026-01-01", "subject": "ord_1", "amount_minor": 5}
    large: Any = {"pk": "ORDER#ord_1", **order, "status": "PENDING", "ledger": [{**entry, "note": "x" * 300_000}]}
    bus = FakeEventBridge()
    record = {"dynamodb": {"Keys": {"pk": {"S": "ORDER#ord_1"}}, "SequenceNumber": "1", "NewImage": encode_item(large)}}
    assert publish({"Records": [record]}, _function(bus)) == {"batchItemFailures": []}
    (event,) = bus.events
    assert (event["detail"]["facts"], event["detail"]["facts_omitted"]) == ({}, True)
    OrderEvent.model_validate(event["detail"])


def test_large_events_are_split_into_requests_of_allowed_size() -> None:
    """A request that is too large would be refused every time."""
    bus = FakeEventBridge()
    records = [_large_order(number, 100_000) for number in range(7)]
    assert publish({"Records": records}, _function(bus)) == {"batchItemFailures": []}
    assert bus.requests == [2, 2, 2, 1]


def test_events_of_many_orders_take_as_few_requests_as_possible() -> None:
    """A request holds ten events, the most that the bus accepts."""
    bus = FakeEventBridge()
    publish({"Records": [_large_order(number, 10) for number in range(25)]}, _function(bus))
    assert bus.requests == [10, 10, 5]


def test_a_stock_change_publishes_no_event() -> None:
    """It is a success that publishes nothing, so the stream moves on."""
    bus = FakeEventBridge()
    stock = [record for record in STREAM if not _key(record).startswith("ORDER#")]
    assert stock
    assert publish({"Records": stock}, _function(bus)) == {"batchItemFailures": []}
    assert bus.events == []


def test_a_missing_permission_fails_the_whole_batch() -> None:
    """Only a person can repair it: Lambda's error metric raises the alarm, and nothing counts as published."""

    def deny(_: dict[str, Any]) -> bool:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutEvents")  # type: ignore[typeddict-item]

    with pytest.raises(ClientError):
        publish({"Records": STREAM}, _function(FakeEventBridge(refuses=deny)))


def _key(record: Record) -> str:
    return str(record["dynamodb"]["Keys"]["pk"]["S"])


def _last_image() -> dict[str, Any]:
    return next(record["dynamodb"]["NewImage"] for record in reversed(STREAM) if _key(record).startswith("ORDER#"))


def _large_order(number: int, size: int) -> Record:
    entry: Any = {
        "seq": 1,
        "type": "OrderPlaced",
        "at": "2026-01-01",
        "subject": "s",
        "amount_minor": 5,
        "note": "x" * size,
    }
    key = f"ORDER#ord_{number}"
    item: Any = {"pk": key, "order_id": f"ord_{number}", "customer_id": "c", "currency": "EUR", "ledger": [entry]}
    return {"dynamodb": {"Keys": {"pk": {"S": key}}, "SequenceNumber": f"{number:03d}", "NewImage": encode_item(item)}}


def test_the_event_page_and_schema_are_current() -> None:
    """Renew both with `python -m tests.handlers.event_schemas`."""
    for path, text in generate().items():
        assert path.read_text("utf-8") == text, path
