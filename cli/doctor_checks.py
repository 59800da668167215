"""The checks of `booking doctor`: each reads an account and returns a finding, or the reason why it could not run.

Sources: the AWS API reference of each call, and CONTROLS.md's checklist for the first real account. Longer than 250
lines so that every check of the verb is in one file.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from components.stage import Stage

from .request_input import as_object

Status = Literal["passed", "finding", "not run"]

UNRESERVED: Final = 100
"""Invocations that Lambda keeps unreserved in every account. Source: Lambda developer guide, "Reserved concurrency"."""
BOOKING_FUNCTIONS: Final = ("purchaseFunction", "refundFunction", "recordFunction")
FUNCTIONS: Final = (*BOOKING_FUNCTIONS, "reconcileFunction")
RECENT: Final = timedelta(days=2)
MASKED_FIELDS: Final = ("customer_id", "payment_method", "reason", "requested_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The result of one check: passed, a finding, or the reason why it was not run."""

    check: str
    status: Status
    message: str

    def as_json(self) -> dict[str, str]:
        """Return the diagnosis for --json."""
        return {"check": self.check, "status": self.status, "sentence": self.message}


class NotRun(Exception):
    """A check cannot run; the message says why, and how to check by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """A stage: its configuration, its stack's outputs (empty before the first `up`) and clients for its account."""

    stage: Stage
    outputs: Mapping[str, Any]
    client: Callable[[str], Any]
    now: datetime

    def output(self, name: str) -> str:
        """Return an output, or refuse to run the check without it."""
        if not self.outputs.get(name):
            raise NotRun(f"The stack has no output {name}.")
        return str(self.outputs[name])


Check = Callable[[StageFacts], str | None]
"""A function that returns the finding, or None."""


def diagnose(name: str, check: Check, facts: StageFacts) -> Diagnosis:
    """Run one check. If a call is refused or fails, it is "not run", with AWS's reason."""
    try:
        finding = check(facts)
    except NotRun as reason:
        return Diagnosis(check=name, status="not run", message=str(reason))
    except (ClientError, BotoCoreError) as error:
        return Diagnosis(check=name, status="not run", message=f"AWS refused the call: {error}")
    return Diagnosis(check=name, status="finding" if finding else "passed", message=finding or "")


def check_credentials(facts: StageFacts) -> str | None:
    """Check that the caller's credentials are accepted."""
    try:
        facts.client("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        return f"AWS does not accept your credentials: {error} Log in to the stage's account and run this again."
    return None


def check_lambda_quota(facts: StageFacts) -> str | None:
    """Check that the account can reserve the concurrency of all functions together, or already has."""
    if facts.outputs or not facts.stage.function_concurrency:
        return None
    limits = facts.client("lambda").get_account_settings()["AccountLimit"]
    needed = facts.stage.reserved_concurrency
    free = limits["UnreservedConcurrentExecutions"] - min(UNRESERVED, limits["ConcurrentExecutions"])
    if needed <= free:
        return None
    return (
        f"functionConcurrency {facts.stage.function_concurrency} reserves {needed} invocations, and Lambda lets this "
        f"account reserve {max(free, 0)} more of {limits['ConcurrentExecutions']} (it keeps {UNRESERVED}). "
        "Lower functionConcurrency, or request a higher quota in Service Quotas."
    )


def check_names(facts: StageFacts) -> str | None:
    """Check that the dashboard's name, the only one that the program chooses, is free before the first `up`."""
    if facts.outputs:
        return None
    found = facts.client("cloudwatch").list_dashboards(DashboardNamePrefix=f"booking-{facts.stage.name}-")
    existing = [each["DashboardName"] for each in found["DashboardEntries"]]
    if not existing:
        return None
    return f"`up` would overwrite dashboards of this account: {', '.join(existing)}. Delete them, or rename the stage."


def check_keys(facts: StageFacts) -> str | None:
    """Check that the configured keys exist, are enabled and encrypt."""
    for key, arn in (("keyArn", facts.stage.key_arn), ("logKeyArn", facts.stage.log_key_arn)):
        if not arn:
            continue
        described = facts.client("kms").describe_key(KeyId=arn)["KeyMetadata"]
        if described["KeyState"] != "Enabled" or described["KeyUsage"] != "ENCRYPT_DECRYPT":
            return (
                f"{key} is {described['KeyState']} for {described['KeyUsage']}; it must be Enabled for ENCRYPT_DECRYPT."
            )
    return None


def check_alert_topic(facts: StageFacts) -> str | None:
    """Check that a configured alert topic exists."""
    if arn := facts.stage.alert_topic_arn:
        try:
            facts.client("sns").get_topic_attributes(TopicArn=arn)
        except ClientError as error:
            return f"alertTopicArn {arn} cannot be read: {error}"
    return None


def check_roles(facts: StageFacts) -> str | None:
    """Check that the permissions boundary and the starter's role exist."""
    boundary, role = facts.stage.permissions_boundary_arn, facts.stage.starter_role
    if not (boundary or role):
        return None
    iam = facts.client("iam")
    try:
        _ = iam.get_policy(PolicyArn=boundary) if boundary else None
        _ = iam.get_role(RoleName=role) if role else None
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchEntity":
            raise
        return f"permissionsBoundaryArn or starterRole does not exist in this account: {error}"
    return None


def check_recipients(facts: StageFacts) -> str | None:
    """Check that alarms have a recipient, and after an `up` that a subscription is confirmed."""
    if not facts.outputs:
        if facts.stage.alert_email or facts.stage.alert_topic_arn:
            return None
        return "Nobody is notified of alarms. Set alertEmail or alertTopicArn."
    topic = facts.output("alertTopicArn")
    pages = facts.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    if any(arn.startswith("arn:") for arn in arns):
        return None
    waiting = f" ({len(arns)} subscriptions wait for their confirmation)" if arns else ""
    return f"Nobody has confirmed a subscription of {topic}{waiting}. Subscribe, and confirm it from the mail."


def check_execution_log(facts: StageFacts) -> str | None:
    """Check that the events of the latest execution have arrived in the machine's log group."""
    started, group = _latest_execution(facts), _log_group(facts)
    found = facts.client("logs").filter_log_events(logGroupName=group, startTime=_milliseconds(started), limit=1)
    if found["events"]:
        return None
    return (
        f"No event of the execution of {started:%Y-%m-%d %H:%M} UTC is in {group}. The key of the log group must let "
        "CloudWatch Logs use it: see docs/how-to/runbook.md#check-access-logs-arrive for the statement."
    )


def check_mask(facts: StageFacts) -> str | None:
    """Check that free text is masked in the machine's log."""
    started, group = _latest_execution(facts), _log_group(facts)
    found = facts.client("logs").filter_log_events(
        logGroupName=group, startTime=_milliseconds(started), filterPattern='"customer_id"', limit=50
    )
    readable = sorted({name for event in found["events"] for name in _readable_fields(event["message"])})
    if readable:
        return f"{group} shows {', '.join(readable)} unmasked. Set logExecutionData: false until the mask works."
    if not found["events"]:
        raise NotRun(f"No recent event in {group} has a customer. Make a purchase in this stage and run this again.")
    return None


def check_backups(facts: StageFacts) -> str | None:
    """Check that AWS Backup has completed a backup of the orders table within two days."""
    dynamodb, backup = facts.client("dynamodb"), facts.client("backup")
    table = dynamodb.describe_table(TableName=facts.output("ordersTable"))["Table"]
    if facts.now - table["CreationDateTime"] < RECENT:
        raise NotRun("The orders table is younger than two days. Run this again when its first backup is due.")
    points = backup.list_recovery_points_by_resource(ResourceArn=table["TableArn"])["RecoveryPoints"]
    times = [point["CreationDate"] for point in points if point["Status"] == "COMPLETED"]
    if times and facts.now - max(times) < RECENT:
        return None
    last = f"The last one is of {max(times):%Y-%m-%d}" if times else "There has not been one"
    return f"No backup of the orders table was completed within two days. {last}: look at the backup plan's jobs."


def check_code_signing(facts: StageFacts) -> str | None:
    """Check that every function rejects unsigned code."""
    if not facts.stage.code_signing:
        raise NotRun("codeSigning is false in this stage.")
    client = facts.client("lambda")
    for output in FUNCTIONS:
        name = facts.output(output)
        arn = client.get_function_code_signing_config(FunctionName=name).get("CodeSigningConfigArn")
        if not arn:
            return f"The function {name} accepts unsigned code. Run `pulumi up -s {facts.stage.name}`."
        config = client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
        policy = config["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"]
        if policy != "Enforce":
            return f"The function {name} only warns of unsigned code ({policy}). Run `pulumi up -s {facts.stage.name}`."
    return None


def check_access_logs(facts: StageFacts) -> str | None:
    """Check that access logs of the audit bucket have arrived within two days."""
    s3, bucket = facts.client("s3"), facts.output("auditBucket")
    logging = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
    if logging is None:
        return f"The bucket {bucket} has no access logs. Run `pulumi up -s {facts.stage.name}`."
    since = facts.now - RECENT
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=logging["TargetBucket"],
        Prefix=logging["TargetPrefix"],
        StartAfter=f"{logging['TargetPrefix']}{since:%Y-%m-%d}",
    )
    if any(page.get("Contents") for page in pages):
        return None
    return (
        f"No access log of {bucket} has arrived in {logging['TargetBucket']} since {since:%Y-%m-%d}. "
        "See docs/how-to/runbook.md#check-access-logs-arrive."
    )


CHECKS: Final[Mapping[str, Check]] = {
    "credentials": check_credentials,
    "lambda-quota": check_lambda_quota,
    "names": check_names,
    "keys": check_keys,
    "alert-topic": check_alert_topic,
    "roles": check_roles,
    "recipients": check_recipients,
}
"""The checks that can run before an `up`, and also after it."""
CHECKS_AFTER: Final[Mapping[str, Check]] = {
    "execution-log": check_execution_log,
    "mask": check_mask,
    "backups": check_backups,
    "code-signing": check_code_signing,
    "access-logs": check_access_logs,
}
"""The checks that need a deployed stack."""


def diagnose_stage(
    facts: StageFacts, checks: Mapping[str, Check] = CHECKS, checks_after: Mapping[str, Check] = CHECKS_AFTER
) -> Iterator[Diagnosis]:
    """Yield the diagnosis of every check; `checks_after` only run if the stage is deployed."""
    for name, check in checks.items():
        yield diagnose(name, check, facts)
    for name, check in checks_after.items():
        if facts.outputs:
            yield diagnose(name, check, facts)
        else:
            yield Diagnosis(check=name, status="not run", message="The stage is not deployed yet.")


def _latest_execution(facts: StageFacts) -> datetime:
    """Return the start of the latest execution, or refuse to run the check without one."""
    machine = facts.output("stateMachineArn")
    found = facts.client("stepfunctions").list_executions(stateMachineArn=machine, maxResults=1)["executions"]
    if not found:
        raise NotRun(
            "No execution has run. Run `booking run examples/events/8-no-request.json "
            f"--stage {facts.stage.name}` first."
        )
    started: datetime = found[0]["startDate"]
    return started


def _log_group(facts: StageFacts) -> str:
    machine = facts.client("stepfunctions").describe_state_machine(stateMachineArn=facts.output("stateMachineArn"))
    destinations = machine.get("loggingConfiguration", {}).get("destinations", [])
    if not destinations:
        raise NotRun("The machine writes no log: its loggingConfiguration has no destination.")
    return str(destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]).split(":log-group:")[1].removesuffix(":*")


def _readable_fields(message: str) -> Iterator[str]:
    """Yield the fields that an event shows unmasked. Masked values are asterisks."""
    details = json.loads(message).get("details", {})
    for text in (details.get("input"), details.get("output")):
        try:
            document = as_object(json.loads(text or "null"))
        except ValueError:
            continue  # masking may leave text that is not JSON
        if document is not None:
            yield from (name for name in MASKED_FIELDS if str(document.get(name) or "*").strip("*"))


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
