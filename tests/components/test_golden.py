"""Upgrade safety: no deployed resource is deleted or replaced without a review."""

import copy
from typing import Any

import pulumi
import pytest

from components import OrderStore
from tests.components import golden
from tests.components.synth import ALERT_EMAIL, STAGES, Graph, record, synth

TABLE = "urn:pulumi:prod::booking::booking:index:OrderStore$aws:dynamodb/table:Table::orders-table"
BUCKET = "urn:pulumi:prod::booking::booking:index:AuditBucket$aws:s3/bucket:Bucket::audit-bucket"
OWN = "urn:pulumi:prod::booking::booking:index:"
VAULT = f"{OWN}OrderStore$aws:backup/vault:Vault::orders-backup-vault"
MACHINE = f"{OWN}BookingStateMachine$aws:sfn/stateMachine:StateMachine::booking-standard"
PARKING = f"{OWN}BookingStateMachine$aws:sqs/queue:Queue::booking-parking"
LOGS = f"{OWN}MonitoredLambda$aws:cloudwatch/logGroup:LogGroup::purchase-logs"
LOCK = f"{OWN}AuditBucket$aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration::audit-lock"
LOSS = "DATA LOSS: "
BUCKET_LOST = f"{LOSS}replaced for a new objectLockEnabled: aws:s3/bucket:Bucket audit-bucket"
REVIEW_HINT = "run `python -m tests.components.golden`, review the diff, and commit it if you want the change"


@pytest.mark.parametrize("stage", STAGES)
def test_no_unreviewed_change_replaces_or_deletes_anything(stage: str) -> None:
    """The message names the resource and the property that causes it."""
    graph = synth(stage)
    reviewed = golden.under_former_names(golden.read(stage), graph)
    sentences = golden.consequences(reviewed, golden.golden_of(graph))
    assert not sentences, "\n".join([REVIEW_HINT, *sentences])


@pytest.mark.parametrize("stage", STAGES)
def test_the_resource_graph_matches_the_reviewed_file(stage: str) -> None:
    """In-place changes are also reviewed."""
    assert golden.read(stage) == golden.golden_of(synth(stage)), REVIEW_HINT


@pytest.mark.parametrize(
    ("urn", "change", "sentence"),
    [
        (TABLE, {"hashKey": "id"}, f"{LOSS}replaced for a new hashKey: aws:dynamodb/table:Table orders-table"),
        (TABLE, {"name": "orders"}, f"{LOSS}replaced for a new name: aws:dynamodb/table:Table orders-table"),
        (BUCKET, {"objectLockEnabled": False}, BUCKET_LOST),
        (TABLE, None, f"{LOSS}deleted (or renamed without an alias): aws:dynamodb/table:Table orders-table"),
        (VAULT, {"name": "vault"}, f"{LOSS}replaced for a new name: aws:backup/vault:Vault orders-backup-vault"),
        (MACHINE, {"type": "EXPRESS"}, "replaced for a new type: aws:sfn/stateMachine:StateMachine booking-standard"),
        (PARKING, {"name": "parked"}, "replaced for a new name: aws:sqs/queue:Queue booking-parking"),
        (LOGS, {"name": "logs"}, "replaced for a new name: aws:cloudwatch/logGroup:LogGroup purchase-logs"),
    ],
)  # fmt: skip
def test_changes_that_replace_or_delete_a_resource_are_reported(
    urn: str, change: dict[str, Any] | None, sentence: str
) -> None:
    """This proves that the check above can fail."""
    reviewed = golden.read("prod")
    now = copy.deepcopy(reviewed)
    if change is None:
        del now[urn]
    else:
        now[urn]["inputs"].update(change)
    assert [sentence] == golden.consequences(reviewed, now)


def _retention(mode: str, days: int) -> dict[str, Any]:
    return {"rule": {"defaultRetention": {"mode": mode, "days": days}}}


@pytest.mark.parametrize(
    ("urn", "change", "sentence"),
    [
        (TABLE, {"deletionProtectionEnabled": False}, "GUARD deletionProtectionEnabled was true, becomes false: "),
        (TABLE, {"globalSecondaryIndexes": []}, "GUARD globalSecondaryIndexes was [{"),
        (BUCKET, {"forceDestroy": True}, "GUARD forceDestroy was false, becomes true: "),
        (LOCK, _retention("GOVERNANCE", 2555), 'becomes {"defaultRetention": {"mode": "GOVERNANCE", "days": 2555}}: '),
        (LOCK, _retention("COMPLIANCE", 30), 'becomes {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}: '),
    ],
)
def test_in_place_changes_that_weaken_data_protection_are_reported(
    urn: str, change: dict[str, Any], sentence: str
) -> None:
    """AWS weakens a lock, or makes a table deletable, without replacing it."""
    reviewed = golden.read("prod")
    now = copy.deepcopy(reviewed)
    now[urn]["inputs"].update(change)
    [sentences] = golden.consequences(reviewed, now)
    assert sentence in sentences
    assert sentences.endswith(urn.rpartition("::")[2])


@pytest.mark.parametrize(
    ("base", "now"),
    [
        ({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}, "d": 3}),
        ({"a": 1}, {"a": {"b": 2}}),
        ({"a": {"b": 2}}, {"a": [1, 2]}),
        ({"a": [1, 2]}, {"a": [1]}),
        ({}, {"a": {"b": {}}}),
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 1}, {"b": False}),
    ],
)
def test_patching_with_a_difference_restores_the_graph(base: Any, now: Any) -> None:
    """Values are added, changed and removed at any depth."""
    assert golden.patch(base, golden.difference(base, now)) == now


def test_a_difference_contains_only_changes() -> None:
    assert golden.difference({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 4}}) == {"a": {"c": 4}, "d": None}


def test_a_removed_protection_is_reported() -> None:
    reviewed = golden.read("prod")
    now = copy.deepcopy(reviewed)
    now[TABLE]["protect"] = False
    assert golden.consequences(reviewed, now) == ["GUARD no longer protected: aws:dynamodb/table:Table orders-table"]


def _store(name: str, *former: str) -> Graph:
    aliases = [pulumi.Alias(name=each) for each in former]
    return record(lambda: OrderStore(name, {}, pulumi.ResourceOptions(aliases=aliases)), stage="prod")


def test_a_rename_deletes_resources_only_without_an_alias() -> None:
    """Like the engine, the check finds children of a renamed component by their former names."""
    before, renamed, lost = golden.golden_of(_store("orders")), _store("ledger", "orders"), _store("ledger")
    with_alias = golden.consequences(golden.under_former_names(before, renamed), golden.golden_of(renamed))
    assert [sentence for sentence in with_alias if "deleted" in sentence] == []
    without_alias = golden.consequences(golden.under_former_names(before, lost), golden.golden_of(lost))
    assert f"{LOSS}deleted (or renamed without an alias): aws:dynamodb/table:Table orders-table" in without_alias


def test_no_config_value_replaces_a_data_store() -> None:
    """Changing one stage's values to another's keeps all tables, buckets, keys and vaults."""
    graphs = {stage: golden.golden_of(synth("prod", _values(stage))) for stage in STAGES}
    for before in graphs.values():
        for after in graphs.values():
            assert [sentences for sentences in golden.consequences(before, after) if sentences.startswith("DATA")] == []


def _values(stage: str) -> dict[str, Any]:
    from components.stage import Stage
    from tests.components.synth import API, stage_values

    every = {
        f"booking:{key}": value
        for key, value in Stage.of("prod", {"alertEmail": ALERT_EMAIL}).model_dump(by_alias=True, mode="json").items()
    }
    plain = {key: value for key, value in every.items() if not isinstance(value, list)}
    return plain | API | stage_values(stage)
