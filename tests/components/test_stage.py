"""A stage's configuration is strict by default, validated with one sentence per fault, and declared in schemas."""

import json
from typing import Any

import pulumi
import pytest
import yaml
from pydantic.alias_generators import to_camel

from components.stage import MAX_DECIDING_CLIENTS, InvalidStage, Stage, allowed_values
from components.stage_schema import json_schema
from tests.components.synth import CHECKOUT, STAGES, record, stage_values

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:stripe-a1b2c3"
KEYS = sorted(to_camel(name) for name in Stage.model_fields if name != "name")

INVALID_VALUES: dict[str, list[Any]] = {
    "costCentre": ["", "x" * 65, "semi;colon"],
    "architecture": ["arm", ""],
    "functionMemoryMb": ["127", "10241", "much", "512.5"],
    "functionConcurrency": ["-1", "1001"],
    "codeSigning": ["maybe"],
    "sdkTimeoutSeconds": ["0", "61"],
    "functionTimeoutSeconds": ["1", "601"],
    "taskTimeoutSeconds": ["2", "901"],
    "executionTimeoutSeconds": ["9", "86401"],
    "workflowType": ["FAST"],
    "refundWindowDays": ["-1", "3651"],
    "paymentActionSeconds": ["59", "86401"],
    "reconcileSchedule": ["every minute", "rate(1 minutes)", "rate(0 minutes)", "cron(0 3 * *)", "cron(0 3 * * * *)"],
    "gateway": ["paypal"],
    "stripeMode": ["prod"],
    "stripeSecretArn": ["stripe", KEY],
    "stripeWebhookSecretArn": ["stripe", KEY],
    "stripeEndpoint": ["127.0.0.1:80", "http://127.0.0.1/v1"],
    "returnHosts": ['["https://shop.example"]', '["Shop.example"]', "shop.example"],
    "logRetentionDays": ["0", "8", "1000"],
    "logExecutionData": ["maybe"],
    "deletionProtection": ["maybe"],
    "forceDestroy": ["2"],
    "keyDeletionDays": ["6", "31"],
    "pointInTimeDays": ["0", "36"],
    "backupDays": ["0"],
    "orderEvents": ["maybe"],
    "eventArchiveDays": ["0"],
    "backupSchedule": [
        "rate(1 day)",
        "cron(0 3)",
        "cron(0 3 * * * *)",
        "cron(0 3 ? * ? *)",
        "cron(60 3 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 3 0 * ? *)",
        "cron(0 3 32 * ? *)",
        "cron(0 3 * 13 ? *)",
        "cron(0 3 ? * 8 *)",
        "cron(0 3 ? * MON#6 *)",
        "cron(0 3 * * ? 1969)",
        "cron(0/0 3 * * ? *)",
        "cron(0 3 * * ?)",
    ],
    "auditLockMode": ["compliance"],
    "auditLockDays": ["0"],
    "auditArchiveDays": ["29"],
    "alertRecipientRequired": ["maybe"],
    "alertEmail": ["nobody"],
    "alarmErrorPercent": ["0", "101"],
    "alarmP99Seconds": ["0"],
    "keyArn": ["key/1", "alias/ours", TOPIC, "arn:aws:kms:eu-central-1:123456789012:alias/ours"],
    "logKeyArn": ["key/1", TOPIC],
    "alertTopicArn": ["topic", KEY, f"{TOPIC}.fifo", f"{TOPIC}:0a1b2c3d-subscription"],
    "permissionsBoundaryArn": ["boundary", "arn:aws:iam::123456789012:role/boundary", KEY],
    "starterRole": ["a role"],
    "sealCopyBucket": ["Seals", "a", "arn:aws:s3:::seals", "seals_of_ours"],
    "approvalLimits": ['["EUR"]', "EUR:1", '["eur:1"]', '["EUR:1.00"]'],
    "approvalDays": ["0", "366"],
    "approvals": ["none", "all"],
    "apiIssuer": ["http://id.example.com", "id.example.com"],
    "apiAudiences": ['["a b"]', "booking"],
    "apiRolesClaim": ["", "a b"],
    "apiDecidingClients": ['["a b"]', '[""]', "robot"],
    "apiCorsOrigins": ['["*"]', "https://shop.example.com"],
    "apiWaitSeconds": ["-1", "21"],
    "apiRequestsPerSecond": ["0", "10001"],
    "subnetIds": ['["net-1"]', "subnet-1"],
    "securityGroupIds": ['["group-1"]'],
}

CONTRADICTORY = [
    ("sdkTimeoutSeconds", {"sdkTimeoutSeconds": "15"}),
    ("functionTimeoutSeconds", {"functionTimeoutSeconds": "20"}),
    ("taskTimeoutSeconds", {"taskTimeoutSeconds": "300", "alarmP99Seconds": "60"}),
    ("alarmP99Seconds", {"alarmP99Seconds": "300"}),
    ("executionTimeoutSeconds", {"executionTimeoutSeconds": "301", "workflowType": "EXPRESS"}),
    ("forceDestroy", {"forceDestroy": "true", "auditLockMode": "NONE"}),
    ("subnetIds", {"subnetIds": '["subnet-1"]'}),
    ("forceDestroy", {"forceDestroy": "true", "deletionProtection": "false"}),
    ("stripeSecretArn", {"gateway": "stripe"}),
    ("stripeSecretArn", {"stripeSecretArn": SECRET}),
    ("stripeWebhookSecretArn", {"stripeWebhookSecretArn": SECRET}),
    ("stripeEndpoint", {"gateway": "stripe", "stripeSecretArn": SECRET, "stripeEndpoint": "http://127.0.0.1:1"}),
    ("alertEmail", {"alertRecipientRequired": "true"}),
    ("apiDecidingClients", {"apiDecidingClients": '["robot"]'}),
    ("reconcileSchedule", {"reconcileSchedule": "rate(25 hours)"}),
    ("reconcileSchedule", {"reconcileSchedule": "cron(0 3 ? * MON *)"}),
    ("reconcileSchedule", {"reconcileSchedule": "cron(0 3 1 * ? *)"}),
]


def load_stage(values: dict[str, Any]) -> Stage:
    """Load a stage from configuration values."""
    [stage] = _load_stages(values)
    return stage


def _load_stages(values: dict[str, Any]) -> list[Stage]:
    found: list[Stage] = []
    given = {"alertRecipientRequired": "false"} | values
    record(lambda: found.append(Stage.load()), config={f"booking:{key}": value for key, value in given.items()})
    return found


def test_every_key_has_examples_of_invalid_values() -> None:
    """A new key needs examples, too."""
    assert sorted(INVALID_VALUES) == KEYS


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in INVALID_VALUES.items() for value in values])
def test_an_invalid_value_is_rejected_with_key_value_and_allowed_values(key: str, value: str) -> None:
    """One fault yields one sentence."""
    with pytest.raises(InvalidStage) as refused:
        load_stage({key: value})
    [sentence] = str(refused.value).splitlines()[1:]
    assert sentence.strip().startswith(f"booking:{key} must be {allowed_values(key)}, got ")
    assert value.strip("[]\"' ") in sentence


@pytest.mark.parametrize(("key", "values"), CONTRADICTORY)
def test_contradictory_values_are_rejected(key: str, values: dict[str, str]) -> None:
    """Each value is allowed by itself."""
    with pytest.raises(InvalidStage) as refused:
        load_stage(values)
    [sentence] = str(refused.value).splitlines()[1:]
    assert f"booking:{key}" in sentence
    assert " must " in sentence


def test_deciding_clients_are_limited_to_what_fits_into_the_environment() -> None:
    longest = [f"{number:0255}" for number in range(MAX_DECIDING_CLIENTS + 1)]
    api = {"apiIssuer": "https://id.example.com", "apiAudiences": '["booking"]'}
    stage = load_stage({**api, "apiDecidingClients": json.dumps(longest[1:])})
    environment = {**stage.token_policy, **stage.approval_policy, **stage.payment_policy}
    assert len("".join(f"{name}{value}" for name, value in environment.items())) < 3000
    with pytest.raises(InvalidStage, match="apiDecidingClients must be a list of at most 10 strings"):
        load_stage({**api, "apiDecidingClients": json.dumps(longest)})


def test_all_faults_are_reported_at_once() -> None:
    """One report contains invalid values, unknown keys and contradictions."""
    with pytest.raises(InvalidStage) as refused:
        load_stage({"functionMemoryMb": "1", "auditLockMode": "SOFT", "memory": "1", "taskTimeoutSeconds": "10"})
    faults = str(refused.value).splitlines()[1:]
    assert [fault.strip().removeprefix("booking:").split()[0] for fault in faults] == [
        "functionMemoryMb",
        "auditLockMode",
        "memory",
        "functionTimeoutSeconds",
    ]


def test_an_unknown_key_is_rejected_with_the_closest_known_key() -> None:
    """Otherwise a misspelled key would silently mean the default."""
    with pytest.raises(
        InvalidStage, match=r"logRetentionDay is not a configuration key. Did you mean booking:logRetentionDays\?"
    ):
        load_stage({"logRetentionDay": "30"})


@pytest.mark.parametrize("name", ["Prod", "1st", "", "x" * 11, "a_b"])
def test_an_invalid_stage_name_is_rejected(name: str) -> None:
    """The stage's name is part of every physical name."""
    with pytest.raises(InvalidStage, match="booking:name"):
        Stage.of(name, {})


@pytest.mark.parametrize("stage", STAGES)
def test_stage_files_contain_only_declared_keys_with_valid_values(stage: str) -> None:
    """They contain nothing but values."""
    own_values = {
        key.removeprefix("booking:"): value for key, value in stage_values(stage).items() if key != "aws:region"
    }
    assert stage == Stage.of(stage, own_values).name


def test_the_defaults_are_strict() -> None:
    """A stage relaxes a default only by setting the key."""
    stage = Stage.of("prod", {"alertEmail": "team@example.com"})
    assert (
        stage.deletion_protection,
        stage.force_destroy,
        stage.key_deletion_days,
        stage.audit_lock_mode,
        stage.code_signing,
    ) == (True, False, 30, "COMPLIANCE", True)


def test_pulumi_yaml_declares_every_key_with_its_type_default_and_meaning() -> None:
    """`pulumi config` and the engine thus know the same keys as the program."""
    declared = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())["config"]
    own_values = {
        key.removeprefix("booking:"): property_ for key, property_ in declared.items() if key.startswith("booking:")
    }
    fields = {to_camel(name): field for name, field in Stage.model_fields.items() if name != "name"}
    fields = {key: field for key, field in fields.items() if not field.deprecated}
    assert list(fields) == list(own_values)
    for key, field in fields.items():
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert (default, str(field.description).replace("\n", " ")) == (
            own_values[key]["default"],
            own_values[key]["description"],
        )
        kinds = {bool: "boolean", int: "integer", str: "string", list: "array"}
        assert kinds[type(default)] == own_values[key]["type"], key


def test_the_editor_schema_accepts_exactly_the_declared_keys() -> None:
    """Editors thus complete exactly the keys that the program accepts."""
    config: Any = json.loads(json.dumps(json_schema()))["properties"]["config"]
    assert sorted(f"booking:{key}" for key in KEYS) == sorted(config["properties"])
    assert config["additionalProperties"] is False
    assert all(property_["description"] for property_ in config["properties"].values())


def test_only_the_stage_module_reads_the_configuration() -> None:
    """Configuration is read in one place."""
    readers = [
        path.name
        for path in [CHECKOUT / "__main__.py", *(CHECKOUT / "components").rglob("*.py")]
        if "pulumi.Config" in path.read_text() or "get_config" in path.read_text()
    ]
    assert readers == ["stage.py"]
    assert pulumi.Config is not None


def test_a_stage_without_an_alert_recipient_is_rejected_unless_none_is_required() -> None:
    with pytest.raises(
        InvalidStage, match="booking:alertEmail or alertTopicArn must be set with alertRecipientRequired"
    ):
        Stage.of("prod", {})
    assert Stage.of("prod", {"alertTopicArn": TOPIC}).alert_topic_arn == TOPIC
    assert not Stage.of("dev", {"alertRecipientRequired": "false"}).alert_email


def test_an_ignored_key_is_accepted_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    load_stage({"auditArchiveDays": "60"})
    assert [message for message in caplog.messages if "auditArchiveDays is ignored" in message]
    caplog.clear()
    load_stage({})
    assert [message for message in caplog.messages if "auditArchiveDays" in message] == []


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 minute)",
        "rate(24 hours)",
        "rate(1 day)",
        "cron(0 3 * * ? *)",
        "cron(0/15 8-18,20 ? * * *)",
    ],
)
def test_schedules_that_run_daily_are_accepted(schedule: str) -> None:
    assert load_stage({"reconcileSchedule": schedule}).reconcile_schedule == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 3 L * ? *)",
        "cron(0 3 LW * ? *)",
        "cron(0 3 15W 1-6,12 ? 2026-2030)",
        "cron(0 3 ? JAN-MAR 2#1 *)",
        "cron(0 3 ? * MON-FRI *)",
        "cron(0 3 ? * 6L *)",
    ],
)
def test_every_form_of_a_cron_expression_is_accepted(schedule: str) -> None:
    assert load_stage({"backupSchedule": schedule}).backup_schedule == schedule
