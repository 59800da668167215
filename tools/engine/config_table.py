"""Write docs/reference/config-changes.md: the engine's changes for each key of the stage configuration.

`python -m tools.engine.config_table` deploys dev into an embedded AWS of its own and previews one change after the
other, which takes about two minutes. A test compares the page with the engine.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from components import Stage
from local.drivers.deployment_progress import Progress
from local.engine import PulumiEngine
from local.instance import Instance

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "reference" / "config-changes.md"
MAX_NAMED: Final = 2
"""Above this number, resources are counted instead of named."""
_SECRET: Final = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"
_STRIPE: Final = {"gateway": "stripe", "stripeSecretArn": f"{_SECRET}stripe-a1b2c3"}
_API: Final = {"apiIssuer": "https://id.example.com", "apiAudiences": '["web"]'}
CHANGES: Final[Mapping[str, Mapping[str, str]]] = {
    "costCentre": {"costCentre": "tickets"},
    "architecture": {"architecture": "x86_64"},
    "functionMemoryMb": {"functionMemoryMb": "1024"},
    "functionConcurrency": {"functionConcurrency": "10"},
    "codeSigning": {"codeSigning": "true"},
    "sdkTimeoutSeconds": {"sdkTimeoutSeconds": "4"},
    "functionTimeoutSeconds": {"functionTimeoutSeconds": "12"},
    "taskTimeoutSeconds": {"taskTimeoutSeconds": "25"},
    "executionTimeoutSeconds": {"executionTimeoutSeconds": "280"},
    "workflowType": {"workflowType": "EXPRESS"},
    "refundWindowDays": {"refundWindowDays": "14"},
    "paymentActionSeconds": {"paymentActionSeconds": "1800"},
    "approvalLimits": {"approvalLimits": '["EUR:10000"]'},
    "approvalDays": {"approvalDays": "14"},
    "approvals": {"approvals": "api-only"},
    "reconcileSchedule": {"reconcileSchedule": "rate(10 minutes)"},
    "orderEvents": {"orderEvents": "false"},
    "eventArchiveDays": {"eventArchiveDays": "30"},
    "gateway": _STRIPE,
    "stripeMode": {**_STRIPE, "stripeMode": "test"},
    "stripeSecretArn": _STRIPE,
    "stripeWebhookSecretArn": {**_STRIPE, "stripeWebhookSecretArn": f"{_SECRET}webhooks-a1b2c3"},
    "returnHosts": {"returnHosts": '["shop.example.com"]'},
    "stripeEndpoint": {**_STRIPE, "stripeMode": "test", "stripeEndpoint": "http://127.0.0.1:12111"},
    "logRetentionDays": {"logRetentionDays": "30"},
    "logExecutionData": {"logExecutionData": "false"},
    "deletionProtection": {"deletionProtection": "true", "forceDestroy": "false"},
    "forceDestroy": {"forceDestroy": "false"},
    "keyDeletionDays": {"keyDeletionDays": "14"},
    "pointInTimeDays": {"pointInTimeDays": "14"},
    "backupDays": {"backupDays": "14"},
    "backupSchedule": {"backupSchedule": "cron(0 4 * * ? *)"},
    "auditLockMode": {"auditLockMode": "GOVERNANCE"},
    "auditLockDays": {"auditLockDays": "2", "auditLockMode": "GOVERNANCE"},
    "sealCopyBucket": {"sealCopyBucket": "seals-of-another-account"},
    "auditArchiveDays": {"auditArchiveDays": "60"},
    "apiIssuer": _API,
    "apiAudiences": {**_API, "apiAudiences": '["web", "app"]'},
    "apiRolesClaim": {"apiRolesClaim": "roles"},
    "apiDecidingClients": {"apiDecidingClients": '["risk-check@clients"]'},
    "apiCorsOrigins": {"apiCorsOrigins": '["https://shop.example.com"]'},
    "apiWaitSeconds": {"apiWaitSeconds": "10", "functionConcurrency": "10"},
    "apiRequestsPerSecond": {"apiRequestsPerSecond": "100"},
    "alertRecipientRequired": {"alertRecipientRequired": "true", "alertEmail": "team@example.com"},
    "alertEmail": {"alertEmail": "team@example.com"},
    "alarmErrorPercent": {"alarmErrorPercent": "10"},
    "alarmP99Seconds": {"alarmP99Seconds": "30"},
    "keyArn": {"keyArn": "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-1111-1111-111111111111"},
    "logKeyArn": {"logKeyArn": "arn:aws:kms:us-east-1:000000000000:key/22222222-2222-2222-2222-222222222222"},
    "alertTopicArn": {"alertTopicArn": "arn:aws:sns:us-east-1:000000000000:ours"},
    "permissionsBoundaryArn": {"permissionsBoundaryArn": "arn:aws:iam::000000000000:policy/boundary"},
    "starterRole": {"starterRole": "caller"},
    "subnetIds": {"subnetIds": '["subnet-0a1b2c3d"]', "securityGroupIds": '["sg-0a1b2c3d"]'},
    "securityGroupIds": {"subnetIds": '["subnet-0a1b2c3d"]', "securityGroupIds": '["sg-0a1b2c3d"]'},
}
"""Values to set for each key, including the keys that must change with it."""
TYPES_WITH_DATA: Final = frozenset(
    {
        "aws:backup/vault:Vault",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:dynamodb/table:Table",
        "aws:s3/bucket:Bucket",
        "aws:sqs/queue:Queue",
    }
)
"""Types whose resources hold data that is lost if they are replaced or deleted."""
_OPERATION_WORDS: Final = {"create": "new", "delete": "deleted", "replace": "replaced", "update": "in place"}
_INTRODUCTION: Final = """# What a change of the configuration does

Written by `python -m tools.engine.config_table`: the real engine's previews of one change after the other to a deployed
`dev`. A preview may name more than the `up` then changes, where a value is known only afterwards. Nothing that holds
data (tables, buckets, queues, log groups, backup vaults) is replaced or deleted by any of them. A new version of a
function moves its alias and the state machine's definition with it; running executions keep theirs. `keyArn` gives up
the stage's own keys: AWS deletes them `keyDeletionDays` later, so what they encrypted must be encrypted anew by then.

| key | set to | what the engine does |
|---|---|---|
"""
Rows = Mapping[str, Iterable[Progress]]


def config_keys() -> list[str]:
    """Return every key of the stage configuration."""
    return [str(field.alias) for name, field in Stage.model_fields.items() if name != "name"]


def preview_all(instance: Instance) -> Iterator[tuple[str, tuple[Progress, ...]]]:
    """Yield each key with the engine's changes to the deployed stage dev."""
    for key in config_keys():
        yield key, preview_change(instance, CHANGES[key])


def preview_change(instance: Instance, change: Mapping[str, str]) -> tuple[Progress, ...]:
    """Return the engine's changes for new values."""
    return PulumiEngine(instance, ROOT / "__main__.py", "dev", change).preview().changes


def render_page(rows: Rows) -> str:
    """Return the page, one row per key."""
    lines = [f"| `{key}` | {_format_change(CHANGES[key])} | {_format_effects(steps)} |" for key, steps in rows.items()]
    return _INTRODUCTION + "\n".join(lines) + "\n"


def documented_row(key: str) -> str:
    """Return the row of a key in the existing page."""
    return next((line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{key}` |")), "")


def render_row(key: str, steps: Iterable[Progress]) -> str:
    """Return the row of a key for these steps."""
    return render_page({key: steps}).splitlines()[-1]


def _format_change(values: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}: {value}`" for name, value in values.items())


def _format_effects(steps: Iterable[Progress]) -> str:
    """Return `in place: 4 × Function (memorySize); new: …`, the most dangerous kind last."""
    kinds: dict[str, dict[str, list[Progress]]] = {word: {} for word in ("in place", "new", "deleted", "replaced")}
    for step in sorted(steps, key=lambda step: (step.type, step.name)):
        kinds[_OPERATION_WORDS[step.operation]].setdefault(_describe_step(step), []).append(step)
    parts = [f"{word}: {_format_group(groups)}" for word, groups in kinds.items() if groups]
    return "; ".join(parts) or "nothing"


def _describe_step(step: Progress) -> str:
    properties = sorted({path.split(".")[0].split("[")[0] for path in step.changed_properties})
    shown = f" ({', '.join(properties)})" if step.operation in ("update", "replace") and properties else ""
    return step.type.split(":")[-1] + shown


def _format_group(groups: Mapping[str, list[Progress]]) -> str:
    return ", ".join(
        f"{len(steps)} × {what}"
        if len(steps) > MAX_NAMED
        else " and ".join(f"`{step.name}`" for step in steps) + f" {what}"
        for what, steps in groups.items()
    )


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance(Path(folder) / "instance")
        instance.start()
        try:
            PulumiEngine(instance, ROOT / "__main__.py", "dev").up()
            PAGE.write_text(render_page(dict(preview_all(instance))))
        finally:
            instance.stop()
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
