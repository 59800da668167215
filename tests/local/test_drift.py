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
class Meddling:
    """A resource, what is done to it, and which property shows it (none: it is gone)."""

    token: str
    inputs: Mapping[str, Any]
    done: Callable[[Instance, Mapping[str, Any]], object]
    shows: str | None


MEDDLINGS = {
    "a table's recovery is turned off": Meddling(
        token="aws:dynamodb/table:Table",
        inputs={**TABLE, "pointInTimeRecovery": {"enabled": True}},
        done=lambda aws, made: aws.client("dynamodb").update_continuous_backups(
            TableName=made["name"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        ),
        shows="pointInTimeRecovery.enabled",
    ),
    "a table can be restored for fewer days": Meddling(
        token="aws:dynamodb/table:Table",
        inputs={**TABLE, "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 20}},
        done=lambda aws, made: aws.client("dynamodb").update_continuous_backups(
            TableName=made["name"],
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 5},
        ),
        shows="pointInTimeRecovery.recoveryPeriodInDays",
    ),
    "a table is protected from deletion": Meddling(
        token="aws:dynamodb/table:Table",
        inputs=TABLE,
        done=lambda aws, made: aws.client("dynamodb").update_table(
            TableName=made["name"], DeletionProtectionEnabled=True
        ),
        shows="deletionProtectionEnabled",
    ),
    "an alarm is deleted": Meddling(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=ALARM,
        done=lambda aws, made: aws.client("cloudwatch").delete_alarms(AlarmNames=[made["name"]]),
        shows=None,
    ),
    "an alarm's actions are disabled": Meddling(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=ALARM,
        done=lambda aws, made: aws.client("cloudwatch").disable_alarm_actions(AlarmNames=[made["name"]]),
        shows="actionsEnabled",
    ),
    "a tag is added": Meddling(
        token="aws:sns/topic:Topic",
        inputs={"tags": {"ours": "1"}},
        done=lambda aws, made: aws.client("sns").tag_resource(
            ResourceArn=made["arn"], Tags=[{"Key": "theirs", "Value": "2"}]
        ),
        shows="tags.theirs",
    ),
    "a queue's retention is shortened": Meddling(
        token="aws:sqs/queue:Queue",
        inputs={"messageRetentionSeconds": 86400},
        done=lambda aws, made: aws.client("sqs").set_queue_attributes(
            QueueUrl=made["url"], Attributes={"MessageRetentionPeriod": "60"}
        ),
        shows="messageRetentionSeconds",
    ),
    "a key's rotation is stopped": Meddling(
        token="aws:kms/key:Key",
        inputs={"enableKeyRotation": True},
        done=lambda aws, made: aws.client("kms").disable_key_rotation(KeyId=made["keyId"]),
        shows="enableKeyRotation",
    ),
    "a role may be taken on by another service": Meddling(
        token="aws:iam/role:Role",
        inputs={"assumeRolePolicy": trust("lambda")},
        done=lambda aws, made: aws.client("iam").update_assume_role_policy(
            RoleName=made["name"], PolicyDocument=trust("ec2")
        ),
        shows="assumeRolePolicy",
    ),
    "a policy allows more": Meddling(
        token="aws:iam/policy:Policy",
        inputs={"policy": allow("s3:GetObject")},
        done=lambda aws, made: aws.client("iam").create_policy_version(
            PolicyArn=made["arn"], PolicyDocument=allow("s3:*"), SetAsDefault=True
        ),
        shows="policy",
    ),
    "a log group keeps for ever": Meddling(
        token="aws:cloudwatch/logGroup:LogGroup",
        inputs={"retentionInDays": 7},
        done=lambda aws, made: aws.client("logs").delete_retention_policy(logGroupName=made["name"]),
        shows="retentionInDays",
    ),
    "a rule is disabled": Meddling(
        token="aws:cloudwatch/eventRule:EventRule",
        inputs={"scheduleExpression": "rate(1 hour)"},
        done=lambda aws, made: aws.client("events").disable_rule(Name=made["name"]),
        shows="state",
    ),
    "a topic's policy is opened": Meddling(
        token="aws:sns/topic:Topic",
        inputs={"policy": document({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sns:Publish"})},
        done=lambda aws, made: aws.client("sns").set_topic_attributes(
            TopicArn=made["arn"],
            AttributeName="Policy",
            AttributeValue=document({"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}),
        ),
        shows="policy",
    ),
}


@pytest.mark.parametrize("what", MEDDLINGS)
def test_drift_is_detected_and_repaired(what: str, embedded_aws: Instance, provider: EmbeddedProvider) -> None:
    meddling = MEDDLINGS[what]
    urn = urn_of(meddling.token, "meddled-with")
    inputs = provider.check(urn, meddling.token, meddling.inputs).inputs
    made = provider.create(urn, meddling.token, inputs)
    meddling.done(embedded_aws, made.outputs)
    found = provider.read(urn, meddling.token, made.id, inputs)
    if meddling.shows is None:
        assert found is None
        return
    assert found is not None
    diff = provider.diff(urn, meddling.token, made.id, found.inputs, inputs)
    assert [change.property_path for change in diff.changes] == [meddling.shows]
    provider.update(urn, meddling.token, made.id, found.inputs, inputs, found.outputs)
    repaired = provider.read(urn, meddling.token, made.id, inputs)
    assert repaired is not None
    assert provider.diff(urn, meddling.token, made.id, repaired.inputs, inputs).is_empty


def test_a_removed_lifecycle_rule_is_detected_and_restored(embedded_aws: Instance, provider: EmbeddedProvider) -> None:
    """The case of the runbook: somebody empties the bucket's rules in the console."""
    bucket_type, rules_type = "aws:s3/bucket:Bucket", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    named = provider.check(urn_of(bucket_type, "aged"), bucket_type, {}).inputs
    bucket = provider.create(urn_of(bucket_type, "aged"), bucket_type, named).id
    rules = [{"id": name, "status": "Enabled", "expiration": {"days": 9}} for name in ("one", "two")]
    inputs, urn = {"bucket": bucket, "rules": rules}, urn_of(rules_type, "rules")
    made = provider.create(urn, rules_type, inputs)
    left = [{"ID": "one", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}]
    embedded_aws.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": left})
    found = provider.read(urn, rules_type, made.id, inputs)
    assert found is not None
    assert provider.diff(urn, rules_type, made.id, found.inputs, inputs).changed_properties == ("rules",)
    provider.update(urn, rules_type, made.id, found.inputs, inputs)
    assert len(embedded_aws.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]) == 2


def test_previews_call_no_write_and_leave_values_of_aws_unknown(
    embedded_aws: Instance, provider: EmbeddedProvider
) -> None:
    token = "aws:sqs/queue:Queue"
    urn = urn_of(token, "previewed")
    inputs = provider.check(urn, token, {"delaySeconds": 5}).inputs
    foreseen = provider.create(urn, token, inputs, preview=True)
    assert foreseen.id == ""
    assert (foreseen.outputs["delaySeconds"], repr(foreseen.outputs["url"])) == (5, "UNKNOWN")
    assert provider.journal.orphans() == []
    assert inputs["name"] not in json.dumps(embedded_aws.client("sqs").list_queues().get("QueueUrls", []))


def test_a_previewed_update_keeps_outputs_that_it_cannot_change(provider: EmbeddedProvider) -> None:
    token = "aws:sqs/queue:Queue"
    urn = urn_of(token, "changed")
    inputs = provider.check(urn, token, {}).inputs
    made = provider.create(urn, token, inputs)
    changed = {**inputs, "delaySeconds": 7, "tags": {"a": "b"}}
    foreseen = provider.update(urn, token, made.id, inputs, changed, made.outputs, preview=True)
    assert (foreseen["url"], foreseen["delaySeconds"], repr(foreseen["tagsAll"])) == (made.id, 7, "UNKNOWN")
