"""Forge order, audit object, gateway item, seals and versions in every combination, and check who finds it.

Forgeries are copied from a second world, in which the refund of 5.00 was 1.00 more, so that forged
places agree with each other as well as they can. docs/explanation/audit.md has the table.
"""

from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest

from handlers.adapters.kms_signer import is_signature_valid
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.canonical import last_closed_day
from handlers.domain.trail.seal_verification import SealVerification
from handlers.domain.trail.seals import SEALED_PREFIXES, SEALS_PREFIX
from handlers.domain.trail.verification import verify_versions
from tests.handlers.world import SEAL_KEY, World, purchase_of, refund_of

PLACES = ("order", "object", "gateway item", "seals", "versions")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "audit.md"
Forged = tuple[str, ...]


def sealed_world(refunded_minor: int, days: int = 5) -> tuple[World, str]:
    """Book and refund an order, and let days pass, of which its own is sealed after three; the order's id, too."""
    world = World()
    world.stock(MUG=(800, 20))
    order = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.book(refund_of(order, amount_minor=refunded_minor))
    for _ in range(days):
        world.seal()
        world.clock.advance(timedelta(days=1))
    return world, order


def forge(world: World, lie: World, places: Forged) -> None:
    """Copy places from the second world. Erasing versions hides that objects were overwritten."""
    for table, place in (("orders", "order"), ("gateway", "gateway item")):
        for item in lie.dynamodb.scan(TableName=table)["Items"] if place in places else ():
            world.dynamodb.put_item(TableName=table, Item=item)
    prefixes = dict.fromkeys(SEALED_PREFIXES, "object") | {SEALS_PREFIX: "seals"}
    for prefix in (prefix for prefix, place in prefixes.items() if place in places):
        for key in lie.s3.keys("audit", prefix):
            body = lie.s3.get_object(Bucket="audit", Key=key)["Body"].read()
            if body != world.s3.get_object(Bucket="audit", Key=key)["Body"].read():
                world.s3.put_object(Bucket="audit", Key=key, Body=body)
    if "versions" in places:
        for versions in world.s3.versions.values():
            del versions[:-1]


WITNESSES = {
    "reconcile": {"order", "gateway item"},
    "`verify`: ledgers and objects": {"order", "object"},
    "`verify`: seals": {"object", "seals"},
}
"""Each compares two places, and finds a forgery of one of them."""


def finders(world: World, order: str) -> set[str]:
    """Return the witnesses with findings: reconcile, or parts of `booking audit verify`."""
    audit = S3AuditTrail(client=world.s3, bucket="audit")
    seals = SealVerification(
        audit=audit,
        is_valid=lambda digest, signature: is_signature_valid(world.kms, SEAL_KEY, digest, signature),
        due=last_closed_day(world.clock() - timedelta(hours=26)),
        since=None,
    )
    report = world.reconcile(order_id=order)
    found = {
        "reconcile": report["left_to_people"] or any(report["drift"].values()),
        "`verify`: ledgers and objects": world.findings(),
        "`verify`: seals": list(seals.findings()),
        "`verify`: versions": list(verify_versions(audit, (*SEALED_PREFIXES, SEALS_PREFIX), None)),
    }
    return {finder for finder, findings in found.items() if findings}


def expected_finders(places: Forged) -> set[str]:
    """Return the witnesses that must find a forgery: those that compare a forged place with an honest one."""
    found = {witness for witness, pair in WITNESSES.items() if len(pair & set(places)) == 1}
    is_overwritten = {"object", "seals"} & set(places) and "versions" not in places
    return found | ({"`verify`: versions"} if is_overwritten else set())


COMBINED = [each for count in range(len(PLACES) + 1) for each in combinations(PLACES, count) if each != ("versions",)]


@pytest.mark.parametrize("places", COMBINED, ids=lambda places: " + ".join(places) or "nothing")
def test_a_forgery_is_found_by_each_witness_that_also_sees_an_honest_place(places: Forged) -> None:
    """Law 22 (tamper-evident)."""
    world, order = sealed_world(500)
    forge(world, sealed_world(600)[0], places)
    assert finders(world, order) == expected_finders(places)


def test_only_a_forgery_of_every_place_and_its_versions_goes_unnoticed() -> None:
    """Such a forger needs the table, the unlocked bucket, the sealing key and the gateway's data."""
    assert [each for each in COMBINED if each and not expected_finders(each)] == [PLACES]


@pytest.mark.parametrize("place", ["order", "gateway item"])
@pytest.mark.parametrize(("days", "is_found"), [(0, True), (5, False)])
def test_the_scheduled_run_finds_forgeries_only_in_recently_changed_orders(
    place: str, days: int, is_found: bool
) -> None:
    """It checks orders that changed yesterday or today; an older one is found by its id, or by `verify`."""
    world, _ = sealed_world(500, days)
    forge(world, sealed_world(600, days)[0], (place,))
    assert bool(world.reconcile()["left_to_people"]) == is_found


def test_the_audit_page_lists_every_witness() -> None:
    """Law 23 (audit completeness): these tests are the source of the page's table."""
    page = PAGE.read_text("utf-8")
    for witness, pair in WITNESSES.items():
        one, other = sorted(pair, key=PLACES.index)
        assert f"\n| {witness} | {one} | {other} | " in page
