"""Findings of outside judges that we accept, each with its reason. Any other finding fails the tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A check whose failures are accepted on every resource."""

    check: str
    reason: str


WAIVERS = (
    Waiver(
        check="CKV_AWS_117",
        reason="Functions reach DynamoDB, S3 and KMS only, each by IAM and TLS; a VPC would add endpoints to pay and "
        "to watch and remove none. A stage that must have one names subnetIds and securityGroupIds.",
    ),
    Waiver(
        check="CKV_AWS_144",
        reason="One region by design: the table cannot be promised in step with a replicated trail. Backups and the "
        "trail are copied across regions by the organisation's own AWS Backup plan, where it asks for that.",
    ),
    Waiver(
        check="CKV_AWS_309",
        reason="Two routes of the API are public and reveal nothing about anybody: a monitor reads the health without "
        "a token, and a client reads the OpenAPI document before it has one. Every other route takes a token.",
    ),
)
"""Decisions: checks that we could satisfy and do not."""

POLICY_MISTAKES = {
    ("MISMATCHED_TYPE", "Type mismatch: s3:TlsVersion requires a value of type Numeric but given ['1.2']"): (
        "parliament's numbers have no fraction; 1.2 is what the S3 user guide writes."
    ),
    ("UNKNOWN_CONDITION_FOR_ACTION", "Unknown condition s3:TlsVersion for action s3:InitiateReplication"): (
        "The denial names s3:*; S3 sends no TLS version for this one, and the statement then does not apply."
    ),
    ("UNKNOWN_CONDITION_FOR_ACTION", "Unknown condition s3:TlsVersion for action s3:PutAccessPointPublicAccessBlock"): (
        "The same: an action of accounts, not of buckets."
    ),
    (
        "RESOURCE_MISMATCH",
        "[{'action': 'states:DescribeExecution', 'required_format': 'arn:*:states:*:*:express:*:*:*'}]",
    ): "parliament wants each kind of execution; the API reads those of a STANDARD machine, whose ARNs differ.",
}
"""False alarms of parliament above LOW, each with its reason."""

DEV_RELAXES = {
    *("deletionProtection", "forceDestroy", "keyDeletionDays", "pointInTimeDays", "backupDays"),
    *("auditLockMode", "auditLockDays", "logRetentionDays", "codeSigning"),
    *("alertRecipientRequired", "functionConcurrency", "approvals"),
}
"""The keys of Pulumi.dev.yaml that relax a control."""

DEV_SIZES = {"aws:region"}
"""The other keys, which relax nothing."""

DEV_CHECKS = {"CKV_AWS_115": "functionConcurrency", "CKV_AWS_272": "codeSigning", "CKV_AWS_338": "logRetentionDays"}
"""Findings of checkov in dev beyond the waivers, by the stage key that relaxes the control there."""
