"""The rules of a bucket: object lock, notifications and lifecycle.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from collections.abc import Mapping
from typing import Any

from ..aws import AwsClient
from ..property_schema import CHOSEN_BY_AWS, ListOf, Object, Property, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import Inputs, Outputs
from .common import boolean, fetch_or_none, number, string, without_none
from .s3_settings import BUCKET, BucketSetting


class BucketObjectLockConfiguration(BucketSetting):
    """The default retention of objects; the lock itself stays with the bucket."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    properties = {
        "bucket": BUCKET,
        "objectLockEnabled": string("Enabled", default="Enabled", replaces=True),
        "rule": Property(
            schema=Object(
                {
                    "defaultRetention": Property(
                        schema=Object(
                            {
                                "mode": string("COMPLIANCE", "GOVERNANCE"),
                                "days": number(1),
                                "years": number(1),
                            }
                        ),
                        required=True,
                    )
                }
            )
        ),
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        wanted: Values = {"ObjectLockEnabled": "Enabled"}
        if inputs.get("rule"):
            rule = inputs["rule"]["defaultRetention"]
            retention = {"Mode": rule.get("mode"), "Days": rule.get("days"), "Years": rule.get("years")}
            wanted["Rule"] = {"DefaultRetention": without_none(retention)}
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=wanted)

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_object_lock_configuration, Bucket=bucket)
        if answer is None:
            return None
        rule = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention")
        described = rule and {"mode": rule.get("Mode"), "days": rule.get("Days"), "years": rule.get("Years")}
        return {
            "objectLockEnabled": "Enabled",
            "rule": {"defaultRetention": without_none(described)} if described else None,
        }

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


def _notification_targets(arn_property: str) -> Property:
    return Property(
        schema=SetOf(
            Object(
                {
                    "id": string(default=CHOSEN_BY_AWS),
                    arn_property: string(required=True),
                    "events": Property(schema=SetOf(String()), required=True),
                    "filterPrefix": string(default=""),
                    "filterSuffix": string(default=""),
                }
            )
        )
    )


class BucketNotification(BucketSetting):
    """The receivers of a bucket's events."""

    token = "aws:s3/bucketNotification:BucketNotification"
    properties = {
        "bucket": BUCKET,
        "eventbridge": boolean(),
        "lambdaFunctions": _notification_targets("lambdaFunctionArn"),
        "queues": _notification_targets("queueArn"),
        "topics": _notification_targets("topicArn"),
    }
    _KINDS = {
        "lambdaFunctions": ("LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
        "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
        "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        wanted: Values = {"EventBridgeConfiguration": {}} if inputs.get("eventbridge") else {}
        for name, (group, pulumi_name, aws_name) in self._KINDS.items():
            if inputs.get(name):
                wanted[group] = [_notification(item, pulumi_name, aws_name) for item in inputs[name]]
        client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        facts = fetch_or_none(client.get_bucket_notification_configuration, Bucket=bucket)
        if facts is None:
            return None
        targets = {
            name: [_notification_outputs(item, pulumi_name, aws_name) for item in facts.get(group, ())] or None
            for name, (group, pulumi_name, aws_name) in self._KINDS.items()
        }
        eventbridge = "EventBridgeConfiguration" in facts
        return {"eventbridge": eventbridge, **targets} if eventbridge or any(targets.values()) else None

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})


_EXPIRY = {"date": string(), "days": number(0), "expiredObjectDeleteMarker": boolean()}
_RULE = {
    "id": string(required=True),
    "status": string("Enabled", "Disabled", required=True),
    "filter": Property(
        schema=Object(
            {"prefix": string(default=""), "objectSizeGreaterThan": number(0), "objectSizeLessThan": number(0)}
        ),
        default={"prefix": ""},
    ),
    "expiration": Property(schema=Object(_EXPIRY)),
    "transitions": Property(
        schema=SetOf(Object({"date": string(), "days": number(0), "storageClass": string(required=True)}))
    ),
    "noncurrentVersionExpiration": Property(
        schema=Object({"noncurrentDays": number(1, required=True), "newerNoncurrentVersions": number(1)})
    ),
    "noncurrentVersionTransitions": Property(
        schema=SetOf(
            Object(
                {
                    "noncurrentDays": number(0, required=True),
                    "newerNoncurrentVersions": number(1),
                    "storageClass": string(required=True),
                }
            )
        )
    ),
    "abortIncompleteMultipartUpload": Property(schema=Object({"daysAfterInitiation": number(1)})),
}


class BucketLifecycleConfiguration(BucketSetting):
    """The transitions and expiry of objects. (The embedded AWS stores the rules without effect.)"""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    properties = {
        "bucket": BUCKET,
        "rules": Property(schema=ListOf(Object(_RULE)), required=True),
        "transitionDefaultMinimumObjectSize": string(default=CHOSEN_BY_AWS),
    }

    def put(self, client: AwsClient, bucket: str, inputs: Inputs) -> None:
        rules = [_rule_to_aws(rule) for rule in inputs["rules"]]
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def get(self, client: AwsClient, bucket: str) -> Outputs | None:
        answer = fetch_or_none(client.get_bucket_lifecycle_configuration, Bucket=bucket)
        return answer and {"rules": [_rule_from_aws(rule) for rule in answer["Rules"]]}

    def unset(self, client: AwsClient, bucket: str) -> None:
        client.delete_bucket_lifecycle(Bucket=bucket)


def _rule_to_aws(rule: ReadonlyValues) -> Values:
    """Convert a rule to AWS's format, which differs in capitals, the ID and the filter."""
    wanted = {
        _capitalize(name): _capitalize_keys(value) for name, value in rule.items() if name not in ("id", "filter")
    }
    return {"ID": rule["id"], "Filter": _filter(rule.get("filter") or {}), **wanted}


def _filter(wanted: ReadonlyValues) -> Values:
    parts = _capitalize_keys(wanted) or {"Prefix": ""}
    return {"And": parts} if len(parts) > 1 else parts


def _rule_from_aws(rule: ReadonlyValues) -> Values:
    described = {
        _uncapitalize(name): _uncapitalize_keys(value)
        for name, value in rule.items()
        if name not in ("ID", "Filter", "Prefix")
    }
    filter_setting = rule.get("Filter") or {}
    filter_ = _uncapitalize_keys(filter_setting.get("And") or filter_setting) or {"prefix": rule.get("Prefix", "")}
    return {"id": rule["ID"], "filter": filter_, **described}


def _capitalize(name: str) -> str:
    return name[0].upper() + name[1:]


def _uncapitalize(name: str) -> str:
    return name[0].lower() + name[1:]


def _capitalize_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_capitalize(name): _capitalize_keys(item) for name, item in value.items() if item is not None}
    return [_capitalize_keys(item) for item in value] if isinstance(value, list) else value


def _uncapitalize_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_uncapitalize(name): _uncapitalize_keys(item) for name, item in value.items()}
    return [_uncapitalize_keys(item) for item in value] if isinstance(value, list) else value


def _notification(item: ReadonlyValues, pulumi_name: str, aws_name: str) -> Values:
    rules = [
        {"Name": name, "Value": item[key]}
        for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
        if item.get(key)
    ]
    return without_none(
        {
            "Id": item.get("id"),
            aws_name: item[pulumi_name],
            "Events": list(item["events"]),
            "Filter": {"Key": {"FilterRules": rules}} if rules else None,
        }
    )


def _notification_outputs(item: ReadonlyValues, pulumi_name: str, aws_name: str) -> Values:
    rules = item.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return {
        "id": item.get("Id"),
        pulumi_name: item[aws_name],
        "events": item["Events"],
        "filterPrefix": filters.get("prefix", ""),
        "filterSuffix": filters.get("suffix", ""),
    }
