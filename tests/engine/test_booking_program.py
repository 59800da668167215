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

from .conftest import ROOT, run_instance
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
EXPECTED_CHANGES = {
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
"""The resources that each change should update."""
FUNCTION_DEPENDENTS = {"booking-standard", *(f"{name}-live" for name in FUNCTIONS)}
"""The resources that follow a changed function: its alias, and the machine that names its version."""
PREVIEWED_KEYS = config_keys() if THOROUGH else ["keyArn"]
"""All keys in `make thorough` (5 seconds each); by default the key with the most replacements."""
STAGES = ["dev", "staging", "prod"]


@pytest.fixture(scope="module")
def instance(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Run an account that contains only the program."""
    yield from run_instance(tmp_path_factory.mktemp("program") / "instance")


@pytest.fixture(scope="module")
def dev(instance: Instance) -> PulumiEngine:
    """Deploy the stage dev."""
    engine = _engine(instance)
    engine.up()
    return engine


@pytest.mark.nightly
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_previewed(instance: Instance, stage: str) -> None:
    """A preview in an empty account plans to create everything, and changes nothing."""
    outcome = _engine(instance, stage).preview()
    assert {step.operation for step in outcome.changes} == {"create"}
    assert not any(account_inventory(instance).values())


def test_the_state_matches_the_account(dev: PulumiEngine, instance: Instance) -> None:
    assert state_inventory(dev) == account_inventory(instance)


@pytest.mark.nightly
def test_both_drivers_create_the_same_resources(
    dev: PulumiEngine, instance: Instance, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The in-process driver and the engine create the same types, names and settings."""
    for other in run_instance(tmp_path_factory.mktemp("in-process") / "instance"):
        deploy(other, ROOT / "__main__.py", "dev")
        by_engine, in_process = (read_all(one, journaled_resources(one)) for one in (instance, other))
        assert by_engine.keys() == in_process.keys()
        assert [urn for urn in by_engine if by_engine[urn] != in_process[urn]] == []


def test_every_config_key_has_a_change_and_a_row_in_the_docs() -> None:
    assert config_keys() == list(CHANGES)
    assert [key for key in config_keys() if not documented_row(key)] == []


@pytest.mark.parametrize("key", PREVIEWED_KEYS)
def test_the_docs_match_the_engines_preview_of_a_config_change(dev: PulumiEngine, instance: Instance, key: str) -> None:
    """`python -m tools.engine.config_table` writes the page; resources with data are neither replaced nor deleted."""
    steps = preview_change(instance, CHANGES[key])
    assert documented_row(key) == render_row(key, steps)
    lost = [step.name for step in steps if step.type in TYPES_WITH_DATA and step.operation in ("replace", "delete")]
    assert lost == []


def test_drift_is_detected_by_refresh_and_repaired_by_up(instance: Instance, dev: PulumiEngine) -> None:
    """The drift is a deleted alarm, a disabled table setting and a deleted lifecycle rule."""
    alarm = instance.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"]
    outputs = instance.outputs()
    instance.client("cloudwatch").delete_alarms(AlarmNames=[alarm])
    instance.client("dynamodb").update_continuous_backups(
        TableName=outputs["ordersTable"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    instance.client("s3").delete_bucket_lifecycle(Bucket=outputs["auditBucket"])

    detected = {(step.type, step.operation) for step in dev.refresh().changes}
    repaired = {(step.type, step.operation) for step in dev.up().changes}

    lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    assert detected == {
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
def accumulated_config() -> dict[str, str]:
    """Return the configuration so far, to which each test adds its change."""
    return {}


@pytest.mark.nightly
@pytest.mark.parametrize("key", TEN_CHANGES)
def test_a_config_change_updates_only_its_resources_in_place(
    dev: PulumiEngine, instance: Instance, accumulated_config: dict[str, str], key: str
) -> None:
    """The preview lists at least these updates, and nothing is replaced."""
    accumulated_config.update(CHANGES[key])
    changed = _engine(instance, **accumulated_config)
    previewed = {(step.name, step.operation) for step in changed.preview().changes}
    applied = {(step.name, step.operation) for step in changed.up().changes}
    expected = EXPECTED_CHANGES[key]
    assert expected <= {name for name, _ in applied} <= expected | FUNCTION_DEPENDENTS
    assert applied <= previewed
    assert {operation for _, operation in applied} == {"update"}


def test_destroying_dev_leaves_only_keys_pending_deletion(dev: PulumiEngine, instance: Instance) -> None:
    """This holds even with bookings in its tables and objects in its bucket."""
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
    """`destroy` starts with the dashboard, which was created last and is protected."""
    for account in run_instance(tmp_path_factory.mktemp("prod") / "instance"):
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
