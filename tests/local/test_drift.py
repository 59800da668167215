"""A read detects changes made outside the program, and the next update repairs them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local.instance import Instance
from local.provider.provider import EmbeddedProvider
from tests.local.inputs import allow, document, trust, urn_of

TABLE = {"hashKey": "pk", "billingMode": "PAY_PER_REQUEST", "attributes": [{"name": "pk", "type": "S"}]}
ALARM = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "threshold": 1,
    "namespace": "AWS/SQS",
    "metricName": "Age",
    "period": 60,
    "statistic": "Sum",
}


@dataclass(frozen=True, kw_only=True)
class ManualChange:
    """A change to a resource outside the program, and the property that differs then (None if it was deleted)."""

    token: str
    inputs: Mapping[str, Any]
    apply: Callable[[Instance, Mapping[str, Any]], object]
    drifted_property: str | None


MANUAL_CHANGES = {
    "a table's recovery is turned off": ManualChange(
        token="aws:dynamodb/table:Table",
        inputs={**TABLE, "pointInTimeRecovery": {"enabled": True}},
        apply=lambda aws, created: aws.client("dynamodb").update_continuous_backups(
            TableName=created["name"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        ),
        drifted_property="pointInTimeRecovery.enabled",
    ),
    "a table can be restored for fewer days": ManualChange(
        token="aws:dynamodb/table:Table",
        inputs={**TABLE, "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 20}},
        apply=lambda aws, created: aws.client("dynamodb").update_continuous_backups(
            TableName=created["name"],
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 5},
        ),
        drifted_property="pointInTimeRecovery.recoveryPeriodInDays",
    ),
    "a table is protected from deletion": ManualChange(
        token="aws:dynamodb/table:Table",
        inputs=TABLE,
        apply=lambda aws, created: aws.client("dynamodb").update_table(
            TableName=created["name"], DeletionProtectionEnabled=True
        ),
        drifted_property="deletionProtectionEnabled",
    ),
    "an alarm is deleted": ManualChange(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=ALARM,
        apply=lambda aws, created: aws.client("cloudwatch").delete_alarms(AlarmNames=[created["name"]]),
        drifted_property=None,
    ),
    "an alarm's actions are disabled": ManualChange(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=ALARM,
        apply=lambda aws, created: aws.client("cloudwatch").disable_alarm_actions(AlarmNames=[created["name"]]),
        drifted_property="actionsEnabled",
    ),
    "a tag is added": ManualChange(
        token="aws:sns/topic:Topic",
        inputs={"tags": {"ours": "1"}},
        apply=lambda aws, created: aws.client("sns").tag_resource(
            ResourceArn=created["arn"], Tags=[{"Key": "theirs", "Value": "2"}]
        ),
        drifted_property="tags.theirs",
    ),
    "a queue's retention is shortened": ManualChange(
        token="aws:sqs/queue:Queue",
        inputs={"messageRetentionSeconds": 86400},
        apply=lambda aws, created: aws.client("sqs").set_queue_attributes(
            QueueUrl=created["url"], Attributes={"MessageRetentionPeriod": "60"}
        ),
        drifted_property="messageRetentionSeconds",
    ),
    "a key's rotation is stopped": ManualChange(
        token="aws:kms/key:Key",
        inputs={"enableKeyRotation": True},
        apply=lambda aws, created: aws.client("kms").disable_key_rotation(KeyId=created["keyId"]),
        drifted_property="enableKeyRotation",
    ),
    "a role may be assumed by another service": ManualChange(
        token="aws:iam/role:Role",
        inputs={"assumeRolePolicy": trust("lambda")},
        apply=lambda aws, created: aws.client("iam").update_assume_role_policy(
            RoleName=created["name"], PolicyDocument=trust("ec2")
        ),
        drifted_property="assumeRolePolicy",
    ),
    "a policy allows more": ManualChange(
        token="aws:iam/policy:Policy",
        inputs={"policy": allow("s3:GetObject")},
        apply=lambda aws, created: aws.client("iam").create_policy_version(
            PolicyArn=created["arn"], PolicyDocument=allow("s3:*"), SetAsDefault=True
        ),
        drifted_property="policy",
    ),
    "a log group never expires": ManualChange(
        token="aws:cloudwatch/logGroup:LogGroup",
        inputs={"retentionInDays": 7},
        apply=lambda aws, created: aws.client("logs").delete_retention_policy(logGroupName=created["name"]),
        drifted_property="retentionInDays",
    ),
    "a rule is disabled": ManualChange(
        token="aws:cloudwatch/eventRule:EventRule",
        inputs={"scheduleExpression": "rate(1 hour)"},
        apply=lambda aws, created: aws.client("events").disable_rule(Name=created["name"]),
        drifted_property="state",
    ),
    "a topic's policy is opened": ManualChange(
        token="aws:sns/topic:Topic",
        inputs={"policy": document({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sns:Publish"})},
        apply=lambda aws, created: aws.client("sns").set_topic_attributes(
            TopicArn=created["arn"],
            AttributeName="Policy",
            AttributeValue=document({"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}),
        ),
        drifted_property="policy",
    ),
}


@pytest.mark.parametrize("what", MANUAL_CHANGES)
def test_drift_is_detected_and_repaired(what: str, embedded_aws: Instance, provider: EmbeddedProvider) -> None:
    manual_change = MANUAL_CHANGES[what]
    urn = urn_of(manual_change.token, "changed-outside")
    inputs = provider.check(urn, manual_change.token, manual_change.inputs).inputs
    created = provider.create(urn, manual_change.token, inputs)
    manual_change.apply(embedded_aws, created.outputs)
    found = provider.read(urn, manual_change.token, created.id, inputs)
    if manual_change.drifted_property is None:
        assert found is None
        return
    assert found is not None
    diff = provider.diff(urn, manual_change.token, created.id, found.inputs, inputs)
    assert [change.property_path for change in diff.changes] == [manual_change.drifted_property]
    provider.update(urn, manual_change.token, created.id, found.inputs, inputs, found.outputs)
    repaired = provider.read(urn, manual_change.token, created.id, inputs)
    assert repaired is not None
    assert provider.diff(urn, manual_change.token, created.id, repaired.inputs, inputs).is_empty


def test_a_removed_lifecycle_rule_is_detected_and_restored(embedded_aws: Instance, provider: EmbeddedProvider) -> None:
    """The runbook describes this case: somebody removes a bucket's rules in the console."""
    bucket_type, rules_type = "aws:s3/bucket:Bucket", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    bucket_inputs = provider.check(urn_of(bucket_type, "aged"), bucket_type, {}).inputs
    bucket = provider.create(urn_of(bucket_type, "aged"), bucket_type, bucket_inputs).id
    rules = [{"id": name, "status": "Enabled", "expiration": {"days": 9}} for name in ("one", "two")]
    inputs, urn = {"bucket": bucket, "rules": rules}, urn_of(rules_type, "rules")
    created = provider.create(urn, rules_type, inputs)
    remaining = [{"ID": "one", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}]
    embedded_aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": remaining}
    )
    found = provider.read(urn, rules_type, created.id, inputs)
    assert found is not None
    assert provider.diff(urn, rules_type, created.id, found.inputs, inputs).changed_properties == ("rules",)
    provider.update(urn, rules_type, created.id, found.inputs, inputs)
    assert len(embedded_aws.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]) == 2


def test_previews_call_no_write_and_leave_values_of_aws_unknown(
    embedded_aws: Instance, provider: EmbeddedProvider
) -> None:
    token = "aws:sqs/queue:Queue"
    urn = urn_of(token, "previewed")
    inputs = provider.check(urn, token, {"delaySeconds": 5}).inputs
    previewed = provider.create(urn, token, inputs, preview=True)
    assert previewed.id == ""
    assert (previewed.outputs["delaySeconds"], repr(previewed.outputs["url"])) == (5, "UNKNOWN")
    assert provider.journal.orphans() == []
    assert inputs["name"] not in json.dumps(embedded_aws.client("sqs").list_queues().get("QueueUrls", []))


def test_a_previewed_update_keeps_outputs_that_it_cannot_change(provider: EmbeddedProvider) -> None:
    token = "aws:sqs/queue:Queue"
    urn = urn_of(token, "changed")
    inputs = provider.check(urn, token, {}).inputs
    created = provider.create(urn, token, inputs)
    changed = {**inputs, "delaySeconds": 7, "tags": {"a": "b"}}
    previewed = provider.update(urn, token, created.id, inputs, changed, created.outputs, preview=True)
    assert (previewed["url"], previewed["delaySeconds"], repr(previewed["tagsAll"])) == (created.id, 7, "UNKNOWN")
