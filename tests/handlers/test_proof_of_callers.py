"""The origin of a request: only the API can prove the caller, and only for that request."""

import json
from datetime import timedelta
from typing import Any

import pytest

from handlers.adapters.kms_proof import KMSProofKey
from handlers.domain.requests import enclose, person_id_of
from tests.handlers.world import World, purchase_of, refund_of

KEY = "arn:aws:kms:eu-west-1:123456789012:key/proof"
ISSUER, ANNA, BEN = "https://id.example.com", "anna", "ben"


@pytest.fixture
def world() -> World:
    world = World()
    world.environment["BOOKING_PROOF_KEY"] = KEY
    world.stock(lamp=(1000, 5))
    return world


def by(world: World, sub: str, request: dict[str, Any], **more: Any) -> Any:
    """Return the envelope with which the API starts an execution."""
    key = KMSProofKey(client=world.kms, key=more.pop("key", KEY))
    person = {"customer_id" if request["action"] == "purchase" else "requested_by": person_id_of(ISSUER, sub)}
    named = {**request, **person, **more}
    return enclose(named, iss=ISSUER, sub=sub, roles=("customer",), key=key, now=world.clock())


def test_a_proven_request_has_the_api_as_its_origin(world: World) -> None:
    """The customer and every opening entry are those that the API vouched for."""
    bought = world.book(by(world, ANNA, purchase_of(lamp=(2, 1000))))
    assert bought["status"] == "succeeded"
    refunded = world.book(by(world, BEN, refund_of(bought["order_id"], amount_minor=500)))
    assert refunded["status"] == "succeeded"
    ledger = world.order(bought["order_id"]).ledger
    assert [entry.facts.get("origin") for entry in ledger] == ["api", None, "api", None]
    assert world.order(bought["order_id"]).customer_id == person_id_of(ISSUER, ANNA)
    assert world.findings() == ()


def test_a_request_without_proof_has_a_direct_origin(world: World) -> None:
    """Callers with permission to start executions need no proof, and the ledger records that."""
    bought = world.book(purchase_of(lamp=(1, 1000)))
    assert world.order(bought["order_id"]).placed.text("origin") == "direct"


def test_a_request_is_the_same_with_and_without_its_envelope(world: World) -> None:
    """Law 8 (replay): the envelope is not part of the fingerprint, so nothing is bought twice."""
    enveloped = by(world, ANNA, purchase_of(lamp=(1, 1000)))
    first, again = world.book(enveloped), world.book(enveloped["request"])
    assert (first["order_id"], first["replayed"]) == (again["order_id"], False)
    assert again["replayed"]
    assert world.available("lamp") == 4


def test_a_replayed_envelope_creates_no_second_order(world: World) -> None:
    """Law 8 (replay): a copied proof buys nothing again."""
    enveloped = by(world, ANNA, purchase_of(lamp=(1, 1000)))
    assert [world.book(enveloped)["replayed"] for _ in range(3)] == [False, True, True]
    assert world.available("lamp") == 4


FORGERIES = {
    "another body": lambda world: {
        **by(world, ANNA, purchase_of(lamp=(1, 1000))),
        "request": by(world, ANNA, purchase_of(lamp=(2, 1000)))["request"],
    },
    "another caller": lambda world: {
        **by(world, ANNA, purchase_of(lamp=(1, 1000))),
        "caller": by(world, BEN, purchase_of(lamp=(1, 1000)))["caller"],
    },
    "somebody else's order": lambda world: by(
        world, BEN, purchase_of(lamp=(1, 1000)), customer_id=person_id_of(ISSUER, ANNA)
    ),
    "more roles": lambda world: _with_roles(by(world, ANNA, purchase_of(lamp=(1, 1000))), ["customer", "staff"]),
    "another key": lambda world: by(world, ANNA, purchase_of(lamp=(1, 1000)), key="arn:aws:kms:x:1:key/mine"),
    "no mac at all": lambda world: {**by(world, ANNA, purchase_of(lamp=(1, 1000))), "mac": ""},
    "a mac that is not base64": lambda world: {**by(world, ANNA, purchase_of(lamp=(1, 1000))), "mac": "§§§"},
    "a mac that is a list": lambda world: {**by(world, ANNA, purchase_of(lamp=(1, 1000))), "mac": []},
    "a caller that is a string": lambda world: {**by(world, ANNA, purchase_of(lamp=(1, 1000))), "caller": "anna"},
}


def _with_roles(envelope: Any, roles: list[str]) -> Any:
    return {**envelope, "caller": {**envelope["caller"], "roles": roles}}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_envelope_is_refused_and_changes_nothing(world: World, forgery: str) -> None:
    """The proof covers request, caller and roles, and only the key of the API makes one."""
    answer = world.book(FORGERIES[forgery](world))
    assert (answer["status"], answer["code"]) == ("rejected", "CALLER_NOT_PROVEN")
    assert world.available("lamp") == 5


def test_a_proof_expires_after_a_minute(world: World) -> None:
    """A copied envelope that was never booked cannot be used later."""
    enveloped = by(world, ANNA, purchase_of(lamp=(1, 1000)))
    world.clock.advance(timedelta(seconds=61))
    assert world.book(enveloped)["code"] == "CALLER_NOT_PROVEN"


def test_every_envelope_is_refused_without_a_proof_key(world: World) -> None:
    """No key means that nothing can be proven, and never that everything is."""
    del world.environment["BOOKING_PROOF_KEY"]
    assert world.book(by(world, ANNA, purchase_of(lamp=(1, 1000))))["code"] == "CALLER_NOT_PROVEN"


def test_caller_and_mac_are_never_written_to_the_audit_trail(world: World) -> None:
    """The audit trail is stored for years, so it contains neither the caller nor the proof."""
    enveloped = by(world, ANNA, purchase_of(lamp=(9, 1000)))
    assert world.book(enveloped)["code"] == "OUT_OF_STOCK"
    world.book(FORGERIES["more roles"](world))
    recorded = " ".join(json.dumps(json.loads(body)) for body in world.audit_objects().values())
    assert ISSUER not in recorded
    assert enveloped["mac"] not in recorded
    assert len(world.audit_objects()) == 2
