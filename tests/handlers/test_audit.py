"""The content of the audit trail, and the detection of tampering."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.dynamodb.archive import Archive
from handlers.adapters.s3_audit import S3AuditTrail
from handlers.domain.errors import AuditContradiction, Unavailable
from handlers.domain.stock import MoveUnits
from handlers.domain.trail.audit import is_same_record
from handlers.domain.trail.verification import Problem, verify
from handlers.purchase import purchase
from handlers.record import record
from tests.fakes.s3 import FakeS3
from tests.handlers.faults import Crash
from tests.handlers.world import World, purchase_of, refund_of, through_json


def _book_history() -> tuple[World, str]:
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    for number in range(3):
        world.book(refund_of(order_id, f"r-{number}", amount_minor=100 + number))
    world.book(refund_of(order_id, "too-much", amount_minor=9999))
    return world, order_id


@pytest.mark.over_gateways
def test_every_outcome_has_exactly_one_record() -> None:
    """Law 23 (audit completeness): replays write nothing new, and every execution can be traced to a record."""
    world, order_id = _book_history()
    keys = set(world.audit_objects())
    assert len(keys) == 5
    for _ in range(3):
        world.book(purchase_of(MUG=(2, 800)))
        world.book(refund_of(order_id, "r-1", amount_minor=101))
    assert set(world.audit_objects()) == keys
    assert all(len(versions) == 1 for versions in world.s3.versions.values())
    assert world.findings() == ()


@given(st.integers(0, 4), st.sampled_from(("throttle", "lost_reply", "lost_request")))
def test_s3_failures_never_lose_or_duplicate_a_record(failures: int, mode: str) -> None:
    """Law 23 (audit completeness)."""
    world = World()
    world.stock(MUG=(800, 20))
    world.faults.arm(**{f"at_{4 + 2 * number}": mode for number in range(failures)})
    result = world.book(purchase_of(MUG=(2, 800)))
    assert result["status"] == "succeeded"
    assert len(world.audit_objects()) == 1
    assert all(len(versions) == 1 for versions in world.s3.versions.values())


@pytest.mark.over_gateways
def test_unrecorded_results_are_parked_until_reconcile_records_them() -> None:
    """Law 23 (audit completeness): an outcome and a refusal alike."""
    world, order_id = _book_history()
    before = set(world.audit_objects())
    for request, calls in (
        (refund_of(order_id, "late", amount_minor=5), 6),
        (refund_of(order_id, "no", amount_minor=9000), 2),
    ):
        world.faults.arm(**{f"at_{at}": "throttle" for at in range(calls, calls + 40)})
        assert world.book(request)["code"] == "NOT_RECORDED"
    world.faults.arm()
    assert set(world.audit_objects()) == before
    report = world.reconcile()
    assert len(set(world.audit_objects()) - before) == 2
    assert len(report["restored"]) == 2
    assert world.sqs.receive_message(QueueUrl="https://sqs.example/parking") == {}
    assert world.findings() == ()
    assert world.reconcile()["restored"] == []


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", '{"schema":1}', '{"execution":"e","requested_at":"x","request":1}']
)
def test_an_unreadable_parked_message_stays_parked_and_is_left_to_people(body: str) -> None:
    """Law 23 (audit completeness): nothing is thrown away unseen."""
    world = World()
    world.sqs.send_message(QueueUrl="https://sqs.example/parking", MessageBody=body)
    assert len(world.reconcile()["left_to_people"]) == 1
    assert "Messages" in world.sqs.receive_message(QueueUrl="https://sqs.example/parking")


class RejectingS3(FakeS3):
    """A bucket whose policy or key rejects some calls."""

    code = "AccessDenied"
    rejects: frozenset[str] = frozenset()

    def _begin(self, operation: str, request: dict[str, Any]) -> None:
        if operation in self.rejects:
            reply = {"Error": {"Code": self.code}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(reply, operation)  # type: ignore[arg-type]
        super()._begin(operation, request)


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException"])
@pytest.mark.parametrize("rejected", [{"PutObject"}, {"PutObject", "ListObjectsV2", "GetObject"}])
def test_results_stay_parked_and_payments_settle_while_the_bucket_rejects_records(
    rejected: set[str], code: str
) -> None:
    """Law 23 (audit completeness): one message triggers the alarm; once the bucket is fixed, everything is written."""
    world, order_id = _book_history()
    s3 = RejectingS3()
    s3.versions, s3.code, world.s3 = world.s3.versions, code, s3
    silent = world.book(purchase_of("silent", "pm_timeout", MUG=(1, 800)))["order_id"]
    before = set(world.audit_objects())
    s3.rejects = frozenset(rejected)
    for number in range(15):
        assert world.book(refund_of(order_id, f"no-{number}", amount_minor=9000))["code"] == "NOT_RECORDED"
    report = world.reconcile()
    assert report["settled"] == [silent]
    assert world.order(silent).status == "CONFIRMED"
    assert len(world.sqs.queues["https://sqs.example/parking"]) == 15
    sentences = [sentence for sentence in report["left_to_people"] if "The audit bucket rejected" in sentence]
    assert len(sentences) == len(report["left_to_people"]) == len({s.split(":")[0] for s in sentences})
    assert all(code in sentence and "Nothing is lost" in sentence for sentence in sentences)
    s3.rejects = frozenset()
    report = world.reconcile()
    assert report["left_to_people"] == []
    assert world.sqs.queues["https://sqs.example/parking"] == {}
    assert len(set(world.audit_objects()) - before) == 16
    assert world.findings() == ()


def test_the_first_rejected_record_ends_the_drain_of_parked_results() -> None:
    """Every receive brings a message nearer to the dead-letter queue, so the first refusal ends the drain."""
    world, order_id = _book_history()
    s3 = RejectingS3()
    s3.versions, s3.rejects, world.s3 = world.s3.versions, frozenset({"PutObject"}), s3
    for number in range(25):
        world.book(refund_of(order_id, f"no-{number}", amount_minor=9000))
    world.calls.clear()
    world.reconcile()
    assert world.calls.count("receive_message") == 1
    assert world.calls.count("put_object audit") == 1


def test_a_missing_record_is_restored_byte_for_byte() -> None:
    """Law 23 (audit completeness): the record follows from the ledger alone."""
    world, order_id = _book_history()
    whole = world.audit_objects()
    for place in [place for place in world.s3.versions if "outcomes/" in str(place)]:
        del world.s3.versions[place]
    assert len(world.findings()) == 4
    assert sorted(world.reconcile()["restored"]) == [f"{order_id}/{seq}" for seq in (2, 4, 6, 8)]
    assert world.audit_objects() == whole


def test_a_missing_record_is_drift_only_after_its_execution_must_have_ended() -> None:
    """Law 23 (audit completeness): a record that is still being written raises no alarm."""
    world = World()
    world.stock(MUG=(800, 20))
    world.faults.arm(at_4="crash_before")
    with pytest.raises(Crash):
        world.book(purchase_of(MUG=(2, 800)))
    assert world.reconcile()["drift"]["audit"] == 0
    world.s3.versions.clear()
    world.clock.now = world.clock.now.replace(hour=23)
    assert world.reconcile()["drift"]["audit"] == 1


def _tamper(objects: dict[str, bytes], how: str) -> dict[str, bytes]:
    keys = sorted(key for key in objects if key.startswith("outcomes/"))
    changed = dict(objects)
    match how:
        case "missing":
            del changed[keys[1]]
        case "altered":
            changed[keys[1]] = changed[keys[1]].replace(b'"amount_minor":100', b'"amount_minor":101')
        case "extra":
            changed["outcomes/date=2026-03-01/order=ord_none/000002.json"] = changed[keys[0]]
        case "swapped":
            changed[keys[0]], changed[keys[1]] = changed[keys[1]], changed[keys[0]]
        case "reordered":
            record = json.loads(changed[keys[1]])
            record["ledger"].reverse()
            changed[keys[1]] = json.dumps(record).encode()
    return changed


@pytest.mark.over_gateways
@pytest.mark.parametrize(
    ("how", "problems"),
    [
        ("missing", [Problem.MISSING]),
        ("altered", [Problem.ALTERED]),
        ("extra", [Problem.EXTRA]),
        ("swapped", [Problem.REORDERED] * 2),
        ("reordered", [Problem.REORDERED]),
    ],
)
def test_a_missing_altered_extra_or_reordered_record_is_detected(how: str, problems: list[Problem]) -> None:
    """Law 22 (tamper-evident), law 23 (audit completeness)."""
    world, _ = _book_history()
    orders = list(Archive(client=world.dynamodb, table="orders").orders())
    assert verify(orders, world.audit_objects()) == ()
    assert [each.problem for each in verify(orders, _tamper(world.audit_objects(), how))] == problems


def test_an_altered_refusal_is_detected() -> None:
    """Law 23 (audit completeness): a refusal is in no ledger, but its key follows from its content."""
    world, _ = _book_history()
    (key,) = (key for key in world.audit_objects() if key.startswith("refusals/"))
    for change in ({"execution": "another"}, {"requested_at": "2026-03-02T00:00:00Z"}, {"kind": "outcome"}):
        content = json.dumps({**json.loads(world.audit_objects()[key]), **change}).encode()
        findings = verify(
            Archive(client=world.dynamodb, table="orders").orders(), {**world.audit_objects(), key: content}
        )
        assert [each.problem for each in findings] == [Problem.ALTERED]


def test_a_tampered_ledger_is_detected_even_if_it_cannot_be_folded() -> None:
    """Law 22 (tamper-evident)."""
    world, order_id = _book_history()
    for path in ("[1]", "[3]"):
        world.dynamodb.update_item(
            TableName="orders",
            Key={"pk": {"S": f"ORDER#{order_id}"}},
            UpdateExpression=f"SET ledger{path}.amount_minor = :more",
            ExpressionAttributeValues={":more": {"N": "999999"}},
        )
    problems = {each.problem for each in world.findings()}
    assert Problem.CHAIN_BROKEN in problems


def test_a_removed_ledger_is_detected() -> None:
    """Law 22 (tamper-evident): its records then belong to no ledger."""
    world, order_id = _book_history()
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    world.dynamodb.update_item(TableName="orders", Key=key, UpdateExpression="REMOVE ledger")
    problems = [each.problem for each in world.findings()]
    assert problems == [Problem.CHAIN_BROKEN, *[Problem.EXTRA] * 4]


@pytest.mark.over_gateways
@pytest.mark.parametrize("lost", [1, 2])
def test_a_truncated_ledger_is_detected(lost: int) -> None:
    """Law 21 (fold), law 22 (tamper-evident): the chain is intact, but the stored projection has more entries."""
    world, order_id = _book_history()
    remove = ", ".join(f"ledger[{8 - number}]" for number in range(1, lost + 1))
    key = {"pk": {"S": f"ORDER#{order_id}"}}
    world.dynamodb.update_item(TableName="orders", Key=key, UpdateExpression=f"REMOVE {remove}")
    problems = {each.problem for each in world.findings()}
    assert problems == {Problem.PROJECTION_DIFFERS, Problem.EXTRA}


def test_writing_the_same_record_again_succeeds_and_a_different_one_fails() -> None:
    """Law 23 (audit completeness): write once."""
    world = World()
    log = S3AuditTrail(client=world.s3, bucket="audit")
    proof = {"kind": "outcome", "order_id": "ord_1", "seq": 1, "ledger": []}
    one: dict[str, Any] = {**proof, "result": {"status": "succeeded", "message": "Paid."}}
    assert log.write("outcomes/x", one) is True
    assert log.write("outcomes/x", one) is False
    assert log.write("outcomes/x", {**one, "result": {**one["result"], "message": "Another version's words."}}) is False
    with pytest.raises(AuditContradiction):
        log.write("outcomes/x", {**one, "result": {"status": "failed", "message": "Paid."}})


@given(st.permutations(["refund", "record", "record again"]))
def test_every_attempt_writes_an_identical_record(order: list[str]) -> None:
    """Law 23 (audit completeness): every writer records the same object."""
    world = World()
    world.stock(MUG=(800, 20))
    order_id = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    message = world.message(refund_of(order_id, amount_minor=5))
    result = world.step(refund_of(order_id, amount_minor=5))
    for what in order:
        ending = {"result": {**result, "replayed": what != "record"}} if what != "refund" else {"error": {"Error": "E"}}
        record(through_json({**message, **ending}), world.dependencies())
    assert all(len(versions) == 1 for versions in world.s3.versions.values())


def test_records_and_logs_contain_no_free_text() -> None:
    """A locked object cannot be erased: `reason` and `payment_method` are in it only as salted hashes."""
    world = World()
    world.stock(MUG=(800, 20))
    bought = purchase_of(payment_method="pm_refund_timeout_then_ok", MUG=(2, 800))
    order_id = world.book(bought)["order_id"]
    world.book(refund_of(order_id, amount_minor=5))
    world.book(refund_of(order_id, "no", amount_minor=5000))
    world.book({**bought, "request_id": "second", "lines": []})
    everything = b"".join(world.audit_objects().values()).decode() + "".join(world.lines)
    assert "scratched" not in everything
    assert "pm_refund" not in everything
    record_of_purchase = json.loads(world.audit_objects()[min(world.audit_objects())])
    assert "payment_method_sha256" in record_of_purchase["ledger"][0]


def test_a_record_is_put_with_a_checksum_and_never_overwrites_an_object() -> None:
    """Law 23 (audit completeness): `If-None-Match: *` and SHA-256."""
    puts: list[dict[str, Any]] = []

    class Recording:
        def put_object(self, **request: Any) -> dict[str, Any]:
            puts.append(request)
            return {}

    S3AuditTrail(client=Recording(), bucket="audit").write("outcomes/x", {"a": 1})  # type: ignore[arg-type]
    (request,) = puts
    assert request["IfNoneMatch"] == "*"
    assert request["Body"] == b'{"a":1}'
    assert (
        request["ChecksumSHA256"] == "AVq9e1bj7t5t6rnjYtofAVQOp7uEL6JjTQE+Zhr9JSA="
        or len(request["ChecksumSHA256"]) == 44
    )


def test_a_response_body_that_breaks_off_is_reported_as_unavailable() -> None:
    """Law 23 (audit completeness): a connection may break after the headers of S3's reply."""

    class BrokenBody:
        def read(self) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://aws.example")

    class BreakingS3(FakeS3):
        def get_object(self, **request: Any) -> Any:
            return {"Body": BrokenBody()}

    with pytest.raises(Unavailable):
        S3AuditTrail(client=BreakingS3(), bucket="audit").read("any")


def test_a_parked_refusal_is_recorded_even_if_the_same_request_succeeded_later() -> None:
    """Law 23 (audit completeness): each execution can be traced to its own record."""
    world = World()
    world.stock(MUG=(800, 0))
    refused = world.message(purchase_of(MUG=(1, 800)))
    parked = {**refused, "result": purchase(refused, world.dependencies())}
    world.inventory.execute(MoveUnits(sku="MUG", units=1, request_id="delivery"))
    assert world.book(purchase_of(MUG=(1, 800)))["status"] == "succeeded"
    recorded = record(parked, world.dependencies())
    assert (recorded["status"], recorded["code"], recorded["replayed"]) == ("rejected", "OUT_OF_STOCK", False)
    assert len([key for key in world.audit_objects() if key.startswith("refusals/")]) == 1
    assert world.findings() == ()


@pytest.mark.parametrize("first", ["rejected", "not started"])
def test_the_first_recorded_refusal_of_an_execution_is_its_answer(first: str) -> None:
    """Law 23 (audit completeness): a redrive, after its first attempt was parked, may be refused for something else."""
    world = World()
    world.stock(MUG=(800, 0))
    begun = world.message(purchase_of(MUG=(1, 800)))
    refused = {**begun, "result": purchase(begun, world.dependencies())}
    lost = {**begun, "error": {"Error": "Lambda.TooManyRequestsException", "Cause": "not started"}}
    parked, redriven = (refused, lost) if first == "rejected" else (lost, refused)
    world.park(json.dumps(parked))
    world.reconcile()
    recorded = record(redriven, world.dependencies())
    code = "OUT_OF_STOCK" if first == "rejected" else "NOT_EXECUTED"
    assert (recorded["code"], recorded["replayed"]) == (code, False)
    assert len(world.audit_objects()) == 1
    assert world.findings() == ()


def test_a_replaced_refusal_is_a_contradiction() -> None:
    """Law 23 (audit completeness): only a refusal of the same execution and request is taken for an answer."""
    world = World()
    world.stock(MUG=(800, 0))
    refused = world.message(purchase_of(MUG=(1, 800)))
    refused["result"] = purchase(refused, world.dependencies())
    record(refused, world.dependencies())
    [key] = world.audit_objects()
    for content in (b"", b"null", b"{}", json.dumps({"kind": "refusal", "result": {"status": "rejected"}}).encode()):
        world.s3.put_object(Bucket="audit", Key=key, Body=content)
        with pytest.raises(AuditContradiction):
            record(refused, world.dependencies())


@pytest.mark.parametrize("error", ["Lambda.TooManyRequestsException", "States.Timeout"])
def test_a_request_that_never_started_fails_as_not_executed(error: str) -> None:
    """Law 43 (true answers), law 45 (a burst is late): nothing is written, and the same request succeeds later."""
    world, order_id = _book_history()
    before = world.dynamodb.scan(TableName="orders")
    for request in (purchase_of("late", MUG=(1, 800)), refund_of(order_id, "late")):
        message = world.message(request, error={"Error": error, "Cause": "not started"})
        recorded = record(message, world.dependencies())
        assert (recorded["status"], recorded["code"]) == ("failed", "NOT_EXECUTED")
        assert "nothing was written and no money moved" in recorded["message"]
    assert world.dynamodb.scan(TableName="orders") == before
    assert world.book(purchase_of("late", MUG=(1, 800)))["status"] == "succeeded"


@pytest.mark.parametrize("is_parked", [False, True])
def test_a_request_that_never_started_does_not_replay_another_one_with_its_key(is_parked: bool) -> None:
    """Law 9 (key reuse), law 43 (true answers): it differs from the request that has the key."""
    world, order_id = _book_history()
    assert world.book(refund_of(order_id, "twice", amount_minor=100))["status"] == "succeeded"
    for request in (purchase_of(MUG=(3, 800)), refund_of(order_id, "twice", amount_minor=500)):
        error = {"Error": "Lambda.TooManyRequestsException", "Cause": "not started"}
        message, known = world.message(request, error=error), world.audit_objects()
        if is_parked:
            world.park(json.dumps(message))
            world.reconcile()
        recorded = record(message, world.dependencies())
        assert (recorded["status"], recorded["code"], recorded["replayed"]) == ("failed", "NOT_EXECUTED", False)
        [new] = world.audit_objects().keys() - known.keys()
        assert new.startswith("refusals/")
    assert world.findings() == ()


@pytest.mark.parametrize("more", [{}, {"result": None, "error": None}])
@pytest.mark.parametrize("is_parked", [False, True])
def test_a_request_too_large_to_send_is_recorded_as_a_refusal(is_parked: bool, more: dict[str, Any]) -> None:
    """Law 23 (audit completeness): the record has the execution and its start; nothing else is written."""
    world = World()
    message = world.message(None, request_is_too_large=True, **more)
    if is_parked:
        world.park(json.dumps(message))
        assert len(world.reconcile()["restored"]) == 1
    else:
        recorded = [record(message, world.dependencies()) for _ in range(2)]
        assert {(each["status"], each["code"]) for each in recorded} == {("rejected", "INVALID_REQUEST")}
        assert "256 KiB" in recorded[0]["message"]
    ((key, stored),) = world.audit_objects().items()
    stored_record = json.loads(stored)
    assert key.startswith("refusals/")
    assert (
        stored_record["kind"],
        stored_record["execution"],
        stored_record["requested_at"],
        stored_record["result"]["code"],
    ) == (
        "refusal",
        message["execution"],
        message["requested_at"],
        "INVALID_REQUEST",
    )
    assert world.findings() == ()
    assert list(Archive(client=world.dynamodb, table="orders").orders()) == []


def _of_another_release(record: dict[str, Any]) -> dict[str, Any]:
    """The record as a release would write it that knows one more field, and another schema."""
    return {**record, "schema": 9, "region": "eu", "result": {**record["result"], "schema": 9, "fee_minor": 3}}


@pytest.mark.parametrize("newer", ["written", "stored"])
def test_a_record_with_an_extra_field_of_another_release_is_the_same_record(newer: str) -> None:
    """Law 39 (two releases): neither contradiction nor altered, whichever of the two writes first."""
    world, order_id = _book_history()
    key = next(key for key in world.audit_objects() if order_id in key)
    record = json.loads(world.audit_objects()[key])
    stored, written = (record, _of_another_release(record))[:: 1 if newer == "written" else -1]
    world.s3.versions.clear()
    trail = S3AuditTrail(client=world.s3, bucket="audit")
    assert trail.write(key, stored)
    assert not trail.write(key, written)
    assert world.reconcile()["left_to_people"] == []
    assert world.findings() == ()


@pytest.mark.parametrize("field", ["order_id", "seq", "ledger", "result"])
def test_a_record_without_one_of_its_proving_fields_is_a_different_record(field: str) -> None:
    """Law 39 (two releases): an alteration cannot hide behind a missing field."""
    world, order_id = _book_history()
    record = json.loads(next(body for key, body in world.audit_objects().items() if order_id in key))
    assert is_same_record(record, record)
    assert not is_same_record({name: value for name, value in record.items() if name != field}, record)
    assert not is_same_record(record, {**record, field: "forged"})


def test_a_record_with_an_altered_amount_is_a_different_record() -> None:
    """Law 22 (append-only): every field that both releases know must agree."""
    world, order_id = _book_history()
    record = json.loads(next(body for key, body in world.audit_objects().items() if order_id in key))
    assert not is_same_record(record, {**record, "result": {**record["result"], "amount_minor": 1}})
