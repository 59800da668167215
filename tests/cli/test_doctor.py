"""Each check of `booking doctor` passes on a healthy account and finds a planted fault, against recorded answers."""

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cli.doctor import check_configuration, send_test_alarm
from cli.doctor_checks import CHECKS, CHECKS_AFTER, StageFacts, diagnose, diagnose_stage
from components.stage import Stage

from .conftest import ROOT, Shell

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
TOPIC = f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
MACHINE = f"arn:aws:states:eu-central-1:{ACCOUNT}:stateMachine:booking"
GROUP = "/aws/vendedlogs/states/booking"
SIGNING = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
OUTPUTS = {
    "stateMachineArn": MACHINE,
    "ordersTable": "orders",
    "auditBucket": "audit",
    "alertTopicArn": TOPIC,
    **{f"{name}Function": name for name in ("purchase", "refund", "record", "reconcile")},
}
Answers = list[tuple[str, str, Any]]
"""Service, operation, and its response or error code."""


def facts(answers: Answers, outputs: Mapping[str, Any] = OUTPUTS, **values: Any) -> StageFacts:
    """Return a stage whose account gives these answers, in this order for each service."""
    clients: dict[str, Any] = {}
    for service, operation, answer in answers:
        if service not in clients:
            credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-central-1"}
            client = boto3.client(service, **credentials)  # type: ignore[call-overload]
            clients[service] = client
            client.stubber = Stubber(client)
            client.stubber.activate()
        if isinstance(answer, str):
            clients[service].stubber.add_client_error(operation, answer)
        else:
            clients[service].stubber.add_response(operation, answer)
    stage = Stage.of("staging", {"functionConcurrency": 100, "alertRecipientRequired": "false", **values})
    return StageFacts(stage=stage, outputs=outputs, client=lambda service: clients[service], now=NOW)


def quota(limit: int, unreserved: int) -> Answers:
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": unreserved}
    return [("lambda", "get_account_settings", {"AccountLimit": limits})]


def dashboards(*names: str) -> Answers:
    return [("cloudwatch", "list_dashboards", {"DashboardEntries": [{"DashboardName": name} for name in names]})]


def key(state: str, usage: str = "ENCRYPT_DECRYPT") -> Answers:
    return [("kms", "describe_key", {"KeyMetadata": {"KeyId": KEY, "KeyState": state, "KeyUsage": usage}})]


def subscriptions(*arns: str) -> Answers:
    return [("sns", "list_subscriptions_by_topic", {"Subscriptions": [{"SubscriptionArn": arn} for arn in arns]})]


def log_events(*documents: object) -> Answers:
    """Return the latest execution, the machine's log group and the messages in it."""
    execution = {
        "executionArn": MACHINE.replace("stateMachine", "execution") + ":run",
        "stateMachineArn": MACHINE,
        "name": "run",
        "status": "SUCCEEDED",
        "startDate": NOW,
    }
    group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:{GROUP}:*"
    machine = {
        "stateMachineArn": MACHINE,
        "name": "booking",
        "definition": "{}",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/booking",
        "type": "STANDARD",
        "creationDate": NOW,
        "loggingConfiguration": {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]},
    }
    events = [{"message": json.dumps({"details": {"input": json.dumps(document)}})} for document in documents]
    return [
        ("stepfunctions", "list_executions", {"executions": [execution]}),
        ("stepfunctions", "describe_state_machine", machine),
        ("logs", "filter_log_events", {"events": events}),
    ]


def backup(created: datetime, *points: tuple[str, datetime]) -> Answers:
    table = {"TableArn": f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/orders", "CreationDateTime": created}
    recovery = [{"Status": status, "CreationDate": at} for status, at in points]
    return [
        ("dynamodb", "describe_table", {"Table": table}),
        ("backup", "list_recovery_points_by_resource", {"RecoveryPoints": recovery}),
    ]


def signing(policy: str | None) -> Answers:
    """Return the code signing of four functions, or of only the first if it has none."""
    config = {
        "CodeSigningConfigId": "csc-0123456789abcdef0",
        "CodeSigningConfigArn": SIGNING,
        "AllowedPublishers": {
            "SigningProfileVersionArns": [f"arn:aws:signer:eu-central-1:{ACCOUNT}:/signing-profiles/a/b"]
        },
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
        "LastModified": "2026-01-01T00:00:00Z",
    }
    names = ("purchase", "refund", "record", "reconcile")
    if policy is None:
        return [
            ("lambda", "get_function_code_signing_config", {"CodeSigningConfigArn": "", "FunctionName": "purchase"})
        ]
    calls: Answers = []
    for name in names:
        calls += [
            ("lambda", "get_function_code_signing_config", {"CodeSigningConfigArn": SIGNING, "FunctionName": name}),
            ("lambda", "get_code_signing_config", {"CodeSigningConfig": config}),
        ]
    return calls


def access_logs(enabled: bool, *keys: str) -> Answers:
    target = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "audit/"}} if enabled else {}
    return [
        ("s3", "get_bucket_logging", target),
        ("s3", "list_objects_v2", {"Contents": [{"Key": name} for name in keys], "IsTruncated": False}),
    ]


LONG_AGO, YESTERDAY = NOW - timedelta(days=90), NOW - timedelta(days=1)
MASKED = {"customer_id": "****", "payment_method": "*****", "order_id": "ord_1"}
IDENTITY: Answers = [("sts", "get_caller_identity", {"Account": ACCOUNT})]
ROLE = {
    "RoleName": "caller",
    "Arn": f"arn:aws:iam::{ACCOUNT}:role/caller",
    "Path": "/",
    "RoleId": "A" * 16,
    "CreateDate": NOW,
}
ROLES: Answers = [("iam", "get_policy", {"Policy": {"Arn": BOUNDARY}}), ("iam", "get_role", {"Role": ROLE})]
GIVEN_ROLES = {"permissionsBoundaryArn": BOUNDARY, "starterRole": "caller"}
NOT_DEPLOYED: Mapping[str, Any] = {"outputs": {}}

HEALTHY: list[tuple[str, Answers, Mapping[str, Any]]] = [
    ("credentials", IDENTITY, {}),
    ("lambda-quota", quota(1000, 1000), NOT_DEPLOYED),
    ("lambda-quota", [], {}),
    ("names", dashboards(), NOT_DEPLOYED),
    ("keys", key("Enabled"), {"keyArn": KEY}),
    ("keys", [], {}),
    ("alert-topic", [("sns", "get_topic_attributes", {"Attributes": {}})], {"alertTopicArn": TOPIC}),
    ("roles", ROLES, GIVEN_ROLES),
    ("recipients", [], {**NOT_DEPLOYED, "alertEmail": "team@example.com"}),
    ("recipients", subscriptions("PendingConfirmation", f"{TOPIC}:1"), {}),
    ("execution-log", log_events({"order_id": "ord_1"}), {}),
    ("mask", log_events(MASKED, {"order_id": "ord_1"}), {}),
    ("backups", backup(LONG_AGO, ("COMPLETED", YESTERDAY)), {}),
    ("code-signing", signing("Enforce"), {}),
    ("access-logs", access_logs(True, "audit/2026-01-31-10-00-00-A"), {}),
]
FAULTY: list[tuple[str, Answers, Mapping[str, Any], str]] = [
    ("credentials", [("sts", "get_caller_identity", "ExpiredToken")], {}, "does not accept your credentials"),
    ("lambda-quota", quota(10, 10), NOT_DEPLOYED, "lets this account reserve 0 more"),
    ("lambda-quota", quota(1000, 401), NOT_DEPLOYED, "reserves 313 invocations"),
    ("names", dashboards("booking-staging-base-dashboard"), NOT_DEPLOYED, "overwrite dashboards"),
    ("keys", key("PendingDeletion"), {"keyArn": KEY}, "keyArn is PendingDeletion"),
    ("keys", key("Enabled", "SIGN_VERIFY"), {"logKeyArn": KEY}, "for SIGN_VERIFY"),
    ("alert-topic", [("sns", "get_topic_attributes", "NotFound")], {"alertTopicArn": TOPIC}, "cannot be read"),
    ("roles", [("iam", "get_policy", "NoSuchEntity")], GIVEN_ROLES, "does not exist in this account"),
    ("roles", [ROLES[0], ("iam", "get_role", "NoSuchEntity")], GIVEN_ROLES, "does not exist in this account"),
    ("recipients", [], NOT_DEPLOYED, "Set alertEmail or alertTopicArn"),
    ("recipients", subscriptions(), {}, "Nobody has confirmed"),
    ("recipients", subscriptions("PendingConfirmation"), {}, "1 subscriptions wait"),
    ("execution-log", log_events(), {}, f"is in {GROUP}"),
    ("mask", log_events({**MASKED, "customer_id": "c-1"}), {}, "shows customer_id unmasked"),
    ("backups", backup(LONG_AGO), {}, "There has not been one"),
    ("backups", backup(LONG_AGO, ("COMPLETED", LONG_AGO), ("FAILED", YESTERDAY)), {}, "The last one is of 2025-11-02"),
    ("code-signing", signing(None), {}, "accepts unsigned code"),
    ("code-signing", signing("Warn"), {}, "only warns of unsigned code"),
    ("access-logs", access_logs(False), {}, "has no access logs"),
    ("access-logs", access_logs(True), {}, "No access log of audit has arrived"),
]
ALL_CHECKS = {**CHECKS, **CHECKS_AFTER}


def test_every_check_has_a_healthy_account_and_a_planted_fault() -> None:
    assert {name for name, *_ in HEALTHY} == {name for name, *_ in FAULTY} == set(ALL_CHECKS)


@pytest.mark.parametrize(
    ("name", "answers", "arguments"), HEALTHY, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_check_passes_on_a_healthy_account(name: str, answers: Answers, arguments: Mapping[str, Any]) -> None:
    diagnosis = diagnose(name, ALL_CHECKS[name], facts(answers, **arguments))
    assert (diagnosis.status, diagnosis.message) == ("passed", "")


@pytest.mark.parametrize(
    ("name", "answers", "arguments", "message"), FAULTY, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_check_finds_a_planted_fault(name: str, answers: Answers, arguments: Mapping[str, Any], message: str) -> None:
    diagnosis = diagnose(name, ALL_CHECKS[name], facts(answers, **arguments))
    assert diagnosis.status == "finding"
    assert message in diagnosis.message


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("execution-log", [("stepfunctions", "list_executions", {"executions": []})], "No execution has run"),
        ("mask", log_events(), "Make a purchase"),
        ("backups", backup(YESTERDAY), "younger than two days"),
        ("access-logs", [("s3", "get_bucket_logging", "AccessDenied")], "AccessDenied"),
    ],
)
def test_a_check_that_cannot_run_states_the_reason(name: str, answers: Answers, message: str) -> None:
    diagnosis = diagnose(name, ALL_CHECKS[name], facts(answers))
    assert diagnosis.status == "not run"
    assert message in diagnosis.message


def test_the_checks_of_a_deployed_stage_are_not_run_before_the_first_up() -> None:
    answers = IDENTITY + quota(1000, 1000) + dashboards()
    found = {each.check: each.status for each in diagnose_stage(facts(answers, {}, alertEmail="a@example.com"))}
    assert {name: found[name] for name in CHECKS_AFTER} == dict.fromkeys(CHECKS_AFTER, "not run")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("backupSchedule", "cron(99 3 * * ? *)"),
        ("keyArn", TOPIC),
        ("alertTopicArn", KEY),
        ("functionMemoryMb", "64"),
        ("alertEmail", "nobody"),
    ],
)
def test_an_invalid_value_in_the_stage_file_is_a_finding(key: str, value: str) -> None:
    diagnosis, stage = check_configuration("prod", {f"booking:{key}": value})
    assert (diagnosis.status, stage) == ("finding", None)
    assert key in diagnosis.message


def test_the_test_alarm_notifies_the_topic_of_the_stage() -> None:
    alarms = [{"AlarmName": name, "AlarmActions": actions} for name, actions in (("other", []), ("ours", [TOPIC]))]
    stage_facts = facts(
        [("cloudwatch", "describe_alarms", {"MetricAlarms": alarms}), ("cloudwatch", "set_alarm_state", {})]
    )
    assert send_test_alarm(stage_facts) == "ours"
    stage_facts.client("cloudwatch").stubber.assert_no_pending_responses()


def test_a_stage_without_alarms_has_no_test_alarm() -> None:
    assert send_test_alarm(facts([("cloudwatch", "describe_alarms", {"MetricAlarms": []})])) is None


@pytest.fixture
def install_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Change to a folder with our stage files, and return a function that installs a script as the Pulumi CLI."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: booking\nruntime: python\n")
    (tmp_path / "Pulumi.staging.yaml").write_bytes((ROOT / "Pulumi.staging.yaml").read_bytes())
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def with_cli(script: str) -> None:
        cli = tmp_path / "bin" / "pulumi"
        cli.write_text(f"#!/bin/sh\n{script}\n")
        cli.chmod(0o755)

    return with_cli


def test_an_invalid_stage_file_prevents_all_other_checks(shell: Shell, install_cli: Callable[[str], None]) -> None:
    install_cli("echo '{}'")
    Path("Pulumi.staging.yaml").write_text("config:\n  booking:functionMemoryMb: 64\n")
    result = shell("doctor", "--stage", "staging", "--json")
    assert result.exit_code == 1
    assert [check["check"] for check in result.document["checks"]] == ["configuration"]


def test_a_missing_stage_file_is_a_usage_error(shell: Shell, install_cli: Callable[[str], None]) -> None:
    install_cli("echo '{}'")
    result = shell("doctor", "--stage", "nowhere")
    assert (result.exit_code, "Pulumi.nowhere.yaml cannot be read" in result.stderr) == (64, True)


def test_every_check_is_listed_for_a_stage_in_the_embedded_aws(
    shell: Shell, booking_stack: Any, install_cli: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checks that the embedded AWS does not support are listed as not run or as findings."""
    for name, value in booking_stack.instance.environment().items():
        monkeypatch.setenv(name, value)
    Path("outputs.json").write_text(json.dumps(dict(booking_stack.outputs)))
    install_cli("cat outputs.json")
    result = shell("doctor", "--stage", "staging", "--json")
    assert "Traceback" not in result.stderr
    assert [check["check"] for check in result.document["checks"]] == [
        *("configuration", *CHECKS, *CHECKS_AFTER, "alarm-reaches-a-person")
    ]
    assert result.exit_code == (0 if result.document["healthy"] else 1)


def test_the_page_lists_every_check() -> None:
    page = (ROOT / "docs" / "how-to" / "first-real-account.md").read_text("utf-8")
    check_names = ("configuration", *ALL_CHECKS, "alarm-reaches-a-person")
    assert [name for name in check_names if f"| `{name}` |" not in page] == []
