"""Seals: written once per closed day despite interruptions, and able to reveal a forged trail."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.kms_signer import is_signature_valid
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.canonical import last_closed_day
from handlers.domain.errors import AuditContradiction, Unavailable
from handlers.domain.trail.seal_verification import SealVerification
from handlers.domain.trail.seals import SEALED_PREFIXES, SEALS_PREFIX, Signature, SignedSeal, part_key, seal_key
from handlers.domain.trail.verification import Finding, Problem, verify_versions
from handlers.runtime.sealing import SealedDays, Sealer
from handlers.seal import seal
from tests.handlers.faults import Crash
from tests.handlers.world import SEAL_KEY, Invocation, World, purchase_of, refund_of

DAY = timedelta(days=1)


def _sell(orders: int = 3, world: World | None = None, name: str = "buy") -> World:
    if world is None:
        world = World()
        world.stock(MUG=(800, 1000))
    for number in range(orders):
        world.book(purchase_of(f"{name}-{number}", MUG=(1, 800)))
    world.book({"no": f"request {name}"})
    return world


def _run(world: World, *, parts: int = 1_000_000, size: int = 5000, copies: Any = None) -> SealedDays:
    deps, context = world.dependencies(), Invocation(parts)
    return Sealer(
        audit=deps.audit,
        signer=deps.seal_signer,
        copies=copies,
        now=deps.now,
        has_time=lambda: context.get_remaining_time_in_millis() > 0,
        part_objects=size,
    ).run()


def _verify(world: World, since: str | None = None) -> list[Finding]:
    audit = S3AuditTrail(client=world.s3, bucket="audit")
    check = SealVerification(
        audit=audit,
        is_valid=lambda digest, signature: is_signature_valid(world.kms, SEAL_KEY, digest, signature),
        due=last_closed_day(world.clock() - timedelta(hours=26)),
        since=since,
    )
    return [*check.findings(), *verify_versions(audit, (*SEALED_PREFIXES, SEALS_PREFIX), since)]


def _seals(world: World) -> list[str]:
    return [key for key in world.s3.keys("audit", SEALS_PREFIX) if key.endswith("seal.json")]


def _statement(world: World, day: str) -> dict[str, Any]:
    return json.loads(world.s3.get_object(Bucket="audit", Key=seal_key(day))["Body"].read())["statement"]


def _seal_days(days: int = 3) -> World:
    """A world with sealed days, each with a few objects."""
    world = _sell(name="day-0")
    for number in range(1, days + 3):
        _run(world)
        world.clock.advance(DAY)
        if number < days:
            _sell(world=world, name=f"day-{number}")
    _run(world)
    return world


def test_a_day_is_sealed_only_after_it_has_closed() -> None:
    """Law 40 (no closed day): 48 hours after its end."""
    world = _sell()
    world.clock.advance(timedelta(hours=59, minutes=59))
    _run(world)
    assert seal_key("2026-03-01") not in _seals(world)
    world.clock.advance(timedelta(minutes=1))
    assert _run(world).days == ["2026-03-01"]
    assert _statement(world, "2026-03-01")["objects"] == 4
    assert _verify(world) == []


def test_sealing_again_writes_nothing() -> None:
    """A seal is written once."""
    world = _seal_days()
    before = {place: list(versions) for place, versions in world.s3.versions.items()}
    assert _run(world) == SealedDays()
    assert world.s3.versions == before


def test_days_missed_during_an_outage_are_sealed_in_order() -> None:
    """Each day has its own seal, and each names the one before."""
    world = _seal_days(1)
    _sell(world=world, name="later")
    world.clock.advance(9 * DAY)
    sealed = _run(world)
    assert len(sealed.days) == 9
    assert sealed.days == sorted(sealed.days)
    assert [_statement(world, day)["after"] for day in sealed.days[1:]] == sealed.days[:-1]
    assert _verify(world) == []


def test_a_day_without_objects_is_sealed_too() -> None:
    """The seal proves that nothing was recorded on it, so nothing can be added later."""
    world = World()
    assert _run(world).days == ["2026-02-26"]
    assert _statement(world, "2026-02-26") | {"sealed_at": ""} == {
        "schema": 1,
        "kind": "seal",
        "day": "2026-02-26",
        "after": None,
        "objects": 0,
        "parts": [],
        "previous": None,
        "sealed_at": "",
    }


def test_the_first_seal_covers_all_earlier_objects() -> None:
    """A stage that did not seal from its first day."""
    world = _sell()
    world.clock.advance(30 * DAY)
    assert _run(world).objects == 4
    assert _verify(world) == []


@given(st.integers(1, 5), st.lists(st.integers(0, 3), max_size=8))
def test_a_manifest_written_over_several_runs_equals_that_of_a_single_run(size: int, runs: list[int]) -> None:
    """A part is final, and the next run continues after it."""
    world = _sell(orders=7)
    world.clock.advance(3 * DAY)
    for parts in runs:
        _run(world, parts=parts, size=size)
    _run(world, size=size)
    parts = _statement(world, "2026-03-01")["parts"]
    assert [part["objects"] for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert sum(part["objects"] for part in parts) == 8
    assert _verify(world) == []


@pytest.mark.parametrize("mode", ["throttle", "lost_reply", "lost_request", "crash_before", "crash_after"])
@pytest.mark.parametrize("call", range(2, 30, 3))
def test_an_interrupted_run_is_completed_by_the_next_one(call: int, mode: str) -> None:
    """Law 23 (audit completeness): no seal is lost, doubled or changed."""
    world = _sell()
    world.clock.advance(4 * DAY)
    world.faults.arm(**{f"at_{call}": mode})
    with suppress(Unavailable, Crash):
        _run(world, size=2)
    world.faults.arm()
    _run(world, size=2)
    assert len(_seals(world)) == 1
    assert _verify(world) == []


def test_the_first_of_two_concurrent_seals_wins() -> None:
    """The next seal names the one that is stored."""
    world = _sell()
    world.clock.advance(3 * DAY)

    class Slow:
        """Signs after another run has sealed the day."""

        def sign(self, digest: bytes) -> Signature:
            world.clock.advance(timedelta(seconds=1))
            _run(world)
            return world.dependencies().seal_signer.sign(digest)

    deps = world.dependencies()
    Sealer(audit=deps.audit, signer=Slow(), copies=None, now=deps.now, has_time=lambda: True).run()
    world.clock.advance(DAY)
    _run(world)
    assert all(len(versions) == 1 for versions in world.s3.versions.values())
    assert _verify(world) == []


def test_an_object_at_a_seal_key_that_is_not_a_seal_stops_the_run() -> None:
    """A bug or tampering: people decide."""
    world = _seal_days(1)
    world.s3.put_object(Bucket="audit", Key=seal_key("2026-03-01"), Body=b"{}")
    with pytest.raises(AuditContradiction, match="is not a seal"):
        _run(world)


def test_a_failed_copy_of_a_seal_is_repeated_in_the_next_run() -> None:
    """The copy is complete before the next day is sealed."""

    class Copies:
        def __init__(self) -> None:
            self.objects: dict[str, bytes] = {}
            self.fails = True

        def put(self, key: str, body: bytes) -> bool:
            if self.fails:
                raise Unavailable("the other account does not answer")
            self.objects[key] = body
            return True

    world, copies = _sell(), Copies()
    world.clock.advance(3 * DAY)
    with pytest.raises(Unavailable):
        _run(world, copies=copies)
    copies.fails = False
    _run(world, copies=copies)
    assert sorted(copies.objects) == [part_key("2026-03-01", 1), seal_key("2026-03-01")]


def test_the_seals_metric_is_logged_only_when_a_day_is_sealed() -> None:
    """The heartbeat alarm counts seals."""
    world = _sell()
    world.clock.advance(3 * DAY)
    assert seal(world.dependencies(), Invocation())["days"] == ["2026-03-01"]
    assert [line for line in world.lines if '"Seals": 1' in line]
    world.lines.clear()
    assert seal(world.dependencies(), Invocation())["days"] == []
    assert [line for line in world.lines if "Seals" in line] == []


def _object(world: World) -> str:
    return world.s3.keys("audit", "outcomes/date=2026-03-02")[0]


def _put(world: World, key: str, body: bytes) -> None:
    world.s3.put_object(Bucket="audit", Key=key, Body=body)


def _resign(world: World, day: str, change: Callable[[dict[str, Any]], None], key: str) -> None:
    """Put a forged seal, signed by another key."""
    stored = json.loads(world.s3.get_object(Bucket="audit", Key=seal_key(day))["Body"].read())
    change(stored["statement"])
    forged = SignedSeal.parse(json.dumps(stored).encode())
    signature = world.kms.sign(
        KeyId=key, Message=bytes.fromhex(forged.seal.digest()), MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
    )
    forged = replace(forged, signature=replace(forged.signature, value=signature["Signature"]))
    _put(world, seal_key(day), forged.content())


def _delete_last_seal(world: World) -> None:
    world.clock.advance(2 * DAY)
    world.s3.delete_object(Bucket="audit", Key=seal_key("2026-03-03"))


def _forge_chain(world: World, key: str) -> None:
    _resign(world, "2026-03-02", lambda statement: statement.update(sealed_at="2026-03-05T00:00:01.000000Z"), key)


FORGERIES: dict[str, tuple[Callable[[World], None], set[Problem]]] = {
    "object overwritten": (lambda world: _put(world, _object(world), b"{}"), {Problem.ALTERED, Problem.OVERWRITTEN}),
    "object deleted": (
        lambda world: world.s3.delete_object(Bucket="audit", Key=_object(world)),
        {Problem.MISSING, Problem.DELETED},
    ),
    "object added to a closed day": (
        lambda world: _put(world, "outcomes/date=2026-03-02/order=ord_x/000002.json", b"{}"),
        {Problem.UNSEALED},
    ),
    "part of a manifest overwritten": (
        lambda world: _put(world, part_key("2026-03-02", 1), b""),
        {Problem.SEAL_BROKEN, Problem.OVERWRITTEN},
    ),
    "seal deleted": (
        lambda world: world.s3.delete_object(Bucket="audit", Key=seal_key("2026-03-02")),
        {Problem.SEAL_BROKEN, Problem.DELETED},
    ),
    "last seal deleted": (
        lambda world: _delete_last_seal(world),
        {Problem.SEAL_MISSING, Problem.DELETED},
    ),
    "seal signed by another key": (
        lambda world: _forge_chain(world, "arn:other"),
        {Problem.SEAL_BROKEN, Problem.OVERWRITTEN},
    ),
    "seal signed by the sealing key itself": (
        lambda world: _forge_chain(world, SEAL_KEY),
        {Problem.SEAL_BROKEN, Problem.OVERWRITTEN},
    ),
    "seal of another day": (
        lambda world: _put(
            world,
            seal_key("2026-03-02"),
            world.s3.get_object(Bucket="audit", Key=seal_key("2026-03-01"))["Body"].read(),
        ),
        {Problem.SEAL_BROKEN, Problem.OVERWRITTEN, Problem.UNSEALED, Problem.MISSING},
    ),
    "no seal at all": (
        lambda world: _put(world, seal_key("2026-03-02"), b"[]"),
        {Problem.SEAL_BROKEN, Problem.OVERWRITTEN},
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_in_a_sealed_day_is_detected(forgery: str) -> None:
    """Law 22 (tamper-evident): seals and versions reveal every kind of forgery."""
    world = _seal_days()
    assert _verify(world) == []
    forge, problems = FORGERIES[forgery]
    forge(world)
    found = {finding.problem for finding in _verify(world)}
    assert found
    assert found <= problems
    assert found & problems


def test_verification_since_a_day_ignores_earlier_days() -> None:
    """`--since` checks only that day and later ones."""
    world = _seal_days()
    _put(world, _object(world), b"{}")
    assert _verify(world, since="2026-03-03") == []
    assert _verify(world, since="2026-03-02") != []


def test_a_late_refund_of_an_old_order_is_recorded_in_an_open_day() -> None:
    """Law 40 (no closed day): a sealed day stays as it was sealed."""
    world = _sell(orders=1)
    order_id = next(key.split("order=")[1].split("/")[0] for key in world.s3.keys("audit", "outcomes/"))
    world.clock.advance(4 * DAY)
    _run(world)
    world.book(refund_of(order_id, amount_minor=5))
    world.clock.advance(4 * DAY)
    _run(world)
    assert _verify(world) == []
