"""Erasure of an order's text on the real handlers: no guess at it can be confirmed, and nothing else changes."""

from collections.abc import Iterator
from itertools import count
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.canonical import Json, digest, format_instant, hash_with_salt
from handlers.domain.order import Order
from handlers.domain.ports import Change, StaleOrder, Written
from handlers.domain.rules.erasure import ErasureRefused, erase_text
from handlers.runtime.request_parsing import parse_request
from tests.handlers.world import World, decision_of, purchase_of, refund_of, resolution_of

REASON = "Her ring did not fit."
CARD = "pm_ok"
Guess = tuple[str, dict[str, Any]]


def _stocked_world() -> World:
    world = World()
    world.stock(MUG=(800, 20))
    return world


def _erasure(world: World, order: Order) -> Change:
    change = erase_text(order, "privacy-1", "a new salt", format_instant(world.clock()))
    assert isinstance(change, Change)
    return change


def _forget(world: World, order_id: str) -> None:
    assert isinstance(world.dependencies().orders.append(_erasure(world, world.order(order_id))), Written)


def _stored_strings(world: World) -> Iterator[str]:
    """Every string of the orders table and of the audit trail, at any depth."""
    pending: list[Any] = [world.dynamodb.scan(TableName="orders")["Items"], *world.audit_objects().values()]
    while pending:
        each = pending.pop()
        if isinstance(each, bytes):
            yield from each.decode().replace("\\", "").split('"')
        elif isinstance(each, dict):
            stored = cast("dict[str, Any]", each)
            yield from stored.keys()
            pending += stored.values()
        elif isinstance(each, list):
            pending += cast("list[Any]", each)
        elif isinstance(each, str):
            yield each


def _confirm_guesses(world: World, guesses: list[Guess]) -> set[str]:
    """Return the guesses that a reader of table and trail can confirm, with any stored string as salt."""
    stored = set(_stored_strings(world))
    found = set[str]()
    for text, request in guesses:
        parsed: Any = parse_request(request)
        values: list[Json] = [text, request, getattr(parsed, "fingerprint", None)]
        hashes = {text, digest(text), digest(request), getattr(parsed, "fingerprint", text)}
        hashes |= {hash_with_salt(salt, value) for salt in stored for value in values}
        found |= {text} if hashes & stored else set()
    return found


def _history(world: World) -> tuple[str, list[Guess]]:
    """An order with a purchase, a refund, a declined one and refusals, and a right guess at the text of each."""
    bought = purchase_of(payment_method=CARD, MUG=(2, 800))
    order_id = str(world.book(bought)["order_id"])
    refunded = refund_of(order_id, amount_minor=300, reason=REASON)
    too_much = refund_of(order_id, "too-much", amount_minor=9999, reason="He moved to Ghent.")
    invalid = refund_of(order_id, "no-amount", amount_minor=-1, reason="She is ill.")
    for request in (refunded, too_much, invalid):
        world.book(request)
    return order_id, [(str(each.get("reason", CARD)), each) for each in (bought, refunded, too_much, invalid)]


@pytest.mark.over_gateways
def test_erased_text_cannot_be_confirmed_by_guessing() -> None:
    """Law 42 (erased is erased): neither from table nor trail; before, anyone with access to the table can read it."""
    world = _stocked_world()
    order_id, guesses = _history(world)
    assert {CARD, REASON} <= _confirm_guesses(world, guesses)
    _forget(world, order_id)
    assert _confirm_guesses(world, guesses) == set()


def test_the_audit_trail_alone_cannot_confirm_a_guess() -> None:
    """Law 42 (erased is erased): a locked refusal does not contain the salt of its hashed text."""
    world = _stocked_world()
    _, guesses = _history(world)
    world.dynamodb.scan = lambda **_: {"Items": []}  # type: ignore[method-assign]  # a reader of the trail only
    assert _confirm_guesses(world, guesses) == set()


@pytest.mark.over_gateways
def test_the_chain_of_an_erased_order_stays_intact() -> None:
    """Law 42 (erased is erased), law 22 (append-only): one entry more, its audit object, and no finding."""
    world = _stocked_world()
    order_id, _ = _history(world)
    before, objects = world.order(order_id), world.audit_objects()
    _forget(world, order_id)
    world.reconcile(order_id=order_id)
    after = world.order(order_id)
    assert after.ledger[:-1] == before.ledger
    assert (after.ledger[-1].kind.value, after.account) == ("TextForgotten", before.account)
    assert objects.items() <= world.audit_objects().items()
    assert world.findings() == ()
    assert erase_text(after, "privacy-1", "another", format_instant(world.clock())) is None


def test_erasing_many_requests_takes_several_writes_and_replaces_the_salt_last() -> None:
    """Law 42 (erased is erased), law 9 (key reuse): until then, requests that still have their text are compared."""
    world = _stocked_world()
    order_id = str(world.book(purchase_of(payment_method=CARD, MUG=(2, 800)))["order_id"])
    refunds = [refund_of(order_id, f"refund-{each}", amount_minor=1, reason=f"Scratch {each}.") for each in range(40)]
    for request in refunds:
        world.book(request)
    salt, guesses = world.order(order_id).salt, [(str(each["reason"]), each) for each in refunds[:1]]
    _forget(world, order_id)
    order = world.order(order_id)
    assert order.salt == salt
    assert sum(not each.erased for each in order.requests.values()) == 11
    assert world.book(refunds[0])["erased"] is True
    assert world.book({**refunds[-1], "reason": "Another."})["code"] == "KEY_REUSED"
    assert world.book(refunds[-1])["replayed"] is True
    _forget(world, order_id)
    assert world.order(order_id).salt != salt
    assert _confirm_guesses(world, guesses) == set()
    world.reconcile(order_id=order_id)
    assert world.findings() == ()
    assert erase_text(world.order(order_id), "privacy-1", "another", format_instant(world.clock())) is None


@given(st.sampled_from(("pm_ok", "pm_declined")), st.booleans())
def test_a_repeated_request_is_replayed_unchecked_after_an_erasure(token: str, erased: bool) -> None:
    """Law 42 (erased is erased), law 9 (key reuse): only the id can be compared after it, and the answer says so."""
    world = _stocked_world()
    bought = purchase_of(payment_method=token, MUG=(2, 800))
    first = world.book(bought)
    if erased:
        _forget(world, first["order_id"])
    again, other = world.book(bought), world.book(purchase_of(payment_method="pm_other", MUG=(2, 800)))
    assert (again["replayed"], again["erased"], again["status"]) == (True, erased, first["status"])
    assert other["code"] == (first["code"] if erased else "KEY_REUSED")


def test_text_added_after_an_erasure_can_be_erased_again() -> None:
    """Law 42 (erased is erased)."""
    world = _stocked_world()
    order_id, guesses = _history(world)
    _forget(world, order_id)
    later = refund_of(order_id, "later", amount_minor=5, reason="Again too small.")
    assert world.book(later)["status"] == "succeeded"
    assert world.book(later)["replayed"] is True
    assert world.book({**later, "reason": "Something else."})["code"] == "KEY_REUSED"
    order = world.order(order_id)
    change = erase_text(order, "privacy-1", "a third salt", format_instant(world.clock()))
    assert isinstance(change, Change)
    world.dependencies().orders.append(change)
    assert _confirm_guesses(world, [*guesses, ("Again too small.", later)]) == set()


@pytest.mark.parametrize("attempt", ["before", "between", "after"])
def test_an_erasure_never_removes_the_text_of_a_refund_in_flight(attempt: str) -> None:
    """Law 42 (erased is erased): erasure and refund are both conditional on the version of the order."""
    world = _stocked_world()
    order_id = world.book(purchase_of(payment_method="pm_refund_timeout", MUG=(2, 800)))["order_id"]
    stale = world.order(order_id)
    if attempt == "before":
        _forget(world, order_id)
    world.book(refund_of(order_id, amount_minor=300, reason=REASON))
    if attempt == "between":
        assert isinstance(world.dependencies().orders.append(_erasure(world, stale)), StaleOrder)
    refused = erase_text(world.order(order_id), "privacy-1", "new", format_instant(world.clock()))
    assert isinstance(refused, ErasureRefused)
    assert "has not ended" in refused.reason
    assert world.order(order_id).requests["refund:" + world.order(order_id).in_flight[0]].text == REASON


@pytest.mark.parametrize(("token", "more"), [("pm_timeout", {}), ("pm_ok", {"capture": "later"}), ("pm_3ds", {})])
def test_an_order_with_an_open_payment_cannot_be_erased(token: str, more: dict[str, Any]) -> None:
    """Law 42 (erased is erased): a payment that must still be sent or captured needs its text."""
    world = _stocked_world()
    order_id = world.book({**purchase_of(payment_method=token, MUG=(1, 800)), **more})["order_id"]
    refused = erase_text(world.order(order_id), "privacy-1", "new", format_instant(world.clock()))
    assert isinstance(refused, ErasureRefused)
    assert "payment has not ended" in refused.reason


def test_a_request_with_an_unkeyed_fingerprint_is_still_recognised() -> None:
    """Law 42 (erased is erased), law 13 (no expiry): version 1 is compared unsalted, and erased like any other."""
    world = _stocked_world()
    bought = purchase_of(MUG=(2, 800))
    order_id = world.book(bought)["order_id"]
    plain: Any = parse_request(bought)
    for name, value in (("fingerprint", plain.fingerprint), ("fingerprint_version", None)):
        _store_request_field(world, order_id, name, value)
    assert world.book(bought)["replayed"] is True
    assert world.book(purchase_of(MUG=(3, 800)))["code"] == "KEY_REUSED"
    _forget(world, order_id)
    assert _confirm_guesses(world, [(CARD, bought)]) == set()
    assert world.book(bought)["erased"] is True


def _store_request_field(world: World, order_id: str, name: str, value: str | None) -> None:
    path = {"#requests": "requests", "#order": order_id, "#name": name}
    update: dict[str, Any] = {"UpdateExpression": "REMOVE #requests.#order.#name"}
    if value is not None:
        update = {
            "UpdateExpression": "SET #requests.#order.#name = :value",
            "ExpressionAttributeValues": {":value": {"S": value}},
        }
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    world.dynamodb.update_item(TableName="orders", Key=key, ExpressionAttributeNames=path, **update)


def test_every_kind_of_request_is_stored_with_a_keyed_fingerprint() -> None:
    """Law 42 (erased is erased): purchase, capture, cancellation, refund and decision."""
    world = World(environment={**World().environment, "BOOKING_APPROVAL_LIMITS": "EUR:100"})
    world.stock(MUG=(800, 20))
    numbers = count(1)

    def authorize() -> str:
        bought = {**purchase_of(f"buy-{next(numbers)}", MUG=(1, 800)), "capture": "later"}
        return str(world.book(bought)["order_id"])

    people = {"requested_by": "agent-7"}
    captured, cancelled = authorize(), authorize()
    world.book({"action": "capture", "request_id": "c", "order_id": captured, **people})
    world.book({"action": "cancel", "request_id": "c", "order_id": cancelled, **people})
    waiting = world.book(refund_of(captured, amount_minor=300))
    world.book(decision_of(captured, waiting["refund_id"]))
    stored = [each for order_id in (captured, cancelled) for each in world.order(order_id).requests.values()]
    assert len(stored) == 6
    assert {each.fingerprint_version for each in stored} == {2}


def test_evidence_can_be_erased_only_after_its_resolution_is_decided() -> None:
    """Law 42 (erased is erased): the decider must be able to read it."""
    world = _stocked_world()
    bought = purchase_of(MUG=(2, 800))
    order_id = str(world.book(bought)["order_id"])
    [row] = world.dynamodb.scan(TableName="gateway")["Items"]
    world.dynamodb.put_item(TableName="gateway", Item={**row, "heard": {"S": "declined"}})
    world.reconcile()
    proposal = resolution_of(order_id, order_id, evidence="Mr Smith's bank says so.")
    proposed = world.book(proposal)
    refused = erase_text(world.order(order_id), "privacy-1", "new", format_instant(world.clock()))
    assert isinstance(refused, ErasureRefused)
    assert proposed["case_id"] in refused.reason
    assert world.book(decision_of(order_id, proposed["case_id"]))["status"] == "succeeded"
    _forget(world, order_id)
    assert _confirm_guesses(world, [(proposal["evidence"], proposal), (CARD, bought)]) == set()
    assert world.book(proposal)["erased"] is True
    assert {each.fingerprint_version for each in world.order(order_id).requests.values()} == {2}
    world.reconcile(order_id=order_id)
    assert world.findings() == ()
