"""Upgrade safety: nothing that was deployed is lost or made anew without a review that saw it."""

import copy
from typing import Any

import pulumi
import pytest

from components import OrderStore
from tests.components import golden
from tests.components.synth import STAGES, Graph, record, synth

TABLE = "urn:pulumi:prod::booking::booking:index:OrderStore$aws:dynamodb/table:Table::orders-table"
BUCKET = "urn:pulumi:prod::booking::booking:index:AuditBucket$aws:s3/bucket:Bucket::audit-bucket"
LOSS = "DATA LOSS: "
BUCKET_LOST = f"{LOSS}replaced for a new objectLockEnabled: aws:s3/bucket:Bucket audit-bucket"
HOW = "look at the diff after `python -m tests.components.golden`, and commit it if it is what you want"


@pytest.mark.parametrize("stage", STAGES)
def test_no_unreviewed_change_replaces_or_deletes_anything(stage: str) -> None:
    """The message says which resource, and which property is to blame."""
    graph = synth(stage)
    reviewed = golden.under_former_names(golden.read(stage), graph)
    assert golden.consequences(reviewed, golden.golden_of(graph)) == [], HOW


@pytest.mark.parametrize("stage", STAGES)
def test_the_graph_is_the_reviewed_one(stage: str) -> None:
    """In-place changes are reviewed too."""
    assert golden.read(stage) == golden.golden_of(synth(stage)), HOW


@pytest.mark.parametrize(
    ("urn", "change", "sentence"),
    [
        (TABLE, {"hashKey": "id"}, f"{LOSS}replaced for a new hashKey: aws:dynamodb/table:Table orders-table"),
        (TABLE, {"name": "orders"}, f"{LOSS}replaced for a new name: aws:dynamodb/table:Table orders-table"),
        (BUCKET, {"objectLockEnabled": False}, BUCKET_LOST),
        (TABLE, None, f"{LOSS}deleted (or renamed without an alias): aws:dynamodb/table:Table orders-table"),
    ],
)  # fmt: skip
def test_a_replacing_change_is_named(urn: str, change: dict[str, Any] | None, sentence: str) -> None:
    """Proof that the check above can fail, and how it says so."""
    reviewed = golden.read("prod")
    now = copy.deepcopy(reviewed)
    if change is None:
        del now[urn]
    else:
        now[urn]["inputs"].update(change)
    assert [sentence] == golden.consequences(reviewed, now)


def _store(name: str, *former: str) -> Graph:
    aliases = [pulumi.Alias(name=each) for each in former]
    return record(lambda: OrderStore(name, {}, pulumi.ResourceOptions(aliases=aliases)), stage="prod")


def test_a_rename_with_an_alias_loses_nothing_and_one_without_loses_everything() -> None:
    """The engine finds what is below a renamed component by the former names; the check knows that."""
    before, renamed, lost = golden.golden_of(_store("orders")), _store("ledger", "orders"), _store("ledger")
    kept = golden.consequences(golden.under_former_names(before, renamed), golden.golden_of(renamed))
    assert [sentence for sentence in kept if "deleted" in sentence] == []
    gone = golden.consequences(golden.under_former_names(before, lost), golden.golden_of(lost))
    assert f"{LOSS}deleted (or renamed without an alias): aws:dynamodb/table:Table orders-table" in gone


def test_no_config_key_replaces_what_holds_data() -> None:
    """Every stage's values over every other stage's: tables, buckets, keys and vaults stay."""
    graphs = {stage: golden.golden_of(synth("prod", _values(stage))) for stage in STAGES}
    for before in graphs.values():
        for after in graphs.values():
            assert [said for said in golden.consequences(before, after) if said.startswith("DATA")] == []


def _values(stage: str) -> dict[str, Any]:
    from components.stage import Stage
    from tests.components.synth import stage_values

    every = {
        f"booking:{key}": value for key, value in Stage.of("prod", {}).model_dump(by_alias=True, mode="json").items()
    }
    plain = {key: value for key, value in every.items() if not isinstance(value, list)}
    return plain | stage_values(stage)
