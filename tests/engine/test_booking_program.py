"""The booking program, previewed, deployed, changed, repaired and destroyed by the real engine, as users run it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.drivers.in_process import deploy
from local.engine import PulumiEngine, pending_keys
from local.errors import DeploymentFailed
from local.instance import Instance
from tests.environment import THOROUGH
from tools.engine.config_table import CHANGES, TYPES_WITH_DATA, config_keys, documented_row, preview_change, render_row

from .conftest import ROOT, started_instance
from .drivers import journaled_resources, read_all
from .inventory import account_inventory, state_inventory

pytestmark = pytest.mark.outside

FUNCTIONS = ("purchase", "refund", "record", "reconcile", "seal", "publish", "answer")
TEN_CHANGES = (
    "functionMemoryMb",
    "alarmErrorPercent",
    "refundWindowDays",
    "reconcileSchedule",
    "logRetentionDays",
    "pointInTimeDays",
    "backupSchedule",
    "keyDeletionDays",
    "alarmP99Seconds",
    "executionTimeoutSeconds",
)
EXPECTED = {
    "functionMemoryMb": {f"{name}-function" for name in FUNCTIONS},
    "alarmErrorPercent": {"api-api-errors", *(f"{name}-function-errors" for name in FUNCTIONS)},
    "refundWindowDays": {"purchase-function"},
    "reconcileSchedule": {"reconcile-schedule", "reconcile-function-heartbeat"},
    "logRetentionDays": {"booking-logs", "api-access", *(f"{name}-logs" for name in FUNCTIONS)},
    "pointInTimeDays": {"gateway-table", "orders-table"},
    "backupSchedule": {"orders-backup-plan", "gateway-copy-plan"},
    "keyDeletionDays": {
        *("audit-key", "base-alerts-key", "base-key", "events-key", "orders-backup-key", "orders-key", "proofs-key"),
        "signing-key",
    },
    "alarmP99Seconds": {"booking-executions-slow"},
    "executionTimeoutSeconds": {"booking-standard"},
}
"""The resources that each change is meant to change."""
REPUBLISHED = {"booking-standard", *(f"{name}-live" for name in FUNCTIONS)}
"""The resources that follow a changed function: its alias, and the machine that names its version."""
PREVIEWED = config_keys() if THOROUGH else ["keyArn"]
"""Every key's row of the docs in `make thorough` (5 seconds each), by default the one with the most replacements."""
STAGES = ["dev", "staging", "prod"]


@pytest.fixture(scope="module")
def instance(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An account that holds the program and nothing else."""
    yield from started_instance(tmp_path_factory.mktemp("program") / "instance")


@pytest.fixture(scope="module")
def dev(instance: Instance) -> PulumiEngine:
    """The stage dev, deployed."""
    engine = _engine(instance)
    engine.up()
    return engine


@pytest.mark.nightly
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_previewed(instance: Instance, stage: str) -> None:
    """A preview of an empty account creates everything and touches nothing."""
    outcome = _engine(instance, stage).preview()
    assert {step.operation for step in outcome.changes} == {"create"}
    assert not any(account_inventory(instance).values())


def test_the_state_lists_exactly_what_is_in_the_account(dev: PulumiEngine, instance: Instance) -> None:
    assert state_inventory(dev) == account_inventory(instance)


@pytest.mark.nightly
def test_both_drivers_create_the_same_resources(
    dev: PulumiEngine, instance: Instance, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In process and by the engine: the same types and names, and the same settings in AWS."""
    for other in started_instance(tmp_path_factory.mktemp("in-process") / "instance"):
        deploy(other, ROOT / "__main__.py", "dev")
        by_engine, in_process = (read_all(one, journaled_resources(one)) for one in (instance, other))
        assert by_engine.keys() == in_process.keys()
        assert [urn for urn in by_engine if by_engine[urn] != in_process[urn]] == []


def test_every_config_key_has_a_change_and_a_row_in_the_docs() -> None:
    assert config_keys() == list(CHANGES)
    assert [key for key in config_keys() if not documented_row(key)] == []


@pytest.mark.parametrize("key", PREVIEWED)
def test_the_docs_say_what_the_engine_would_do(dev: PulumiEngine, instance: Instance, key: str) -> None:
    """`python -m tools.engine.config_table` writes the page; resources with data are neither replaced nor deleted."""
    steps = preview_change(instance, CHANGES[key])
    assert documented_row(key) == render_row(key, steps)
    lost = [step.name for step in steps if step.type in TYPES_WITH_DATA and step.operation in ("replace", "delete")]
    assert lost == []


def test_drift_is_detected_by_refresh_and_repaired_by_up(instance: Instance, dev: PulumiEngine) -> None:
    """A deleted alarm, a disabled table setting, a deleted lifecycle rule; nothing else differs, and then nothing."""
    alarm = instance.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"]
    outputs = instance.outputs()
    instance.client("cloudwatch").delete_alarms(AlarmNames=[alarm])
    instance.client("dynamodb").update_continuous_backups(
        TableName=outputs["ordersTable"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    instance.client("s3").delete_bucket_lifecycle(Bucket=outputs["auditBucket"])

    seen = {(step.type, step.operation) for step in dev.refresh().changes}
    repaired = {(step.type, step.operation) for step in dev.up().changes}

    lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    assert seen == {
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "delete"),
        ("aws:dynamodb/table:Table", "update"),
        (lifecycle, "delete"),
    }
    assert repaired == {
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "create"),
        ("aws:dynamodb/table:Table", "update"),
        (lifecycle, "create"),
    }
    assert dev.up().changes == ()


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Changes made so far: each test adds its own."""
    return {}


@pytest.mark.nightly
@pytest.mark.parametrize("key", TEN_CHANGES)
def test_a_config_change_updates_only_its_resources_in_place(
    dev: PulumiEngine, instance: Instance, made: dict[str, str], key: str
) -> None:
    """The preview, which the docs show for every key, lists at least these updates; nothing is replaced."""
    made.update(CHANGES[key])
    changed = _engine(instance, **made)
    foreseen = {(step.name, step.operation) for step in changed.preview().changes}
    done = {(step.name, step.operation) for step in changed.up().changes}
    expected = EXPECTED[key]
    assert expected <= {name for name, _ in done} <= expected | REPUBLISHED
    assert done <= foreseen
    assert {operation for _, operation in done} == {"update"}


def test_destroying_dev_leaves_nothing_but_keys_that_wait_for_their_deletion(
    dev: PulumiEngine, instance: Instance
) -> None:
    """Also with bookings in its tables and objects in its bucket."""
    outputs = instance.outputs()
    instance.client("s3").put_object(Bucket=outputs["auditBucket"], Key="outcomes/kept", Body=b"{}")
    instance.client("dynamodb").put_item(TableName=outputs["ordersTable"], Item={"pk": {"S": "ORDER#1"}})
    keys = len(account_inventory(instance)["key"])
    dev.destroy()
    assert not any(account_inventory(instance).values())
    assert keys == len(pending_keys(instance)) > 0


@pytest.mark.nightly
def test_destroying_prod_is_refused_before_anything_is_deleted(
    cli: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The dashboard, which is created last, is protected: `destroy` stops at it before anything is deleted."""
    for account in started_instance(tmp_path_factory.mktemp("prod") / "instance"):
        prod = _engine(account, "prod")
        prod.up()
        before = account_inventory(account)
        with pytest.raises(DeploymentFailed, match=r"base-dashboard .* cannot be deleted because it is protected"):
            prod.destroy()
        assert account_inventory(account) == before
        assert prod.preview().changes == ()


def _engine(instance: Instance, stage: str = "dev", **config: str) -> PulumiEngine:
    recipient = {"alertEmail": "alerts@example.com"} if stage == "prod" else {}
    return PulumiEngine(instance, ROOT / "__main__.py", stage, recipient | config)
