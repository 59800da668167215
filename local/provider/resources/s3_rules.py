"""The rules of a bucket: for how long objects are kept, what becomes of them, and who is told.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from collections.abc import Mapping
from typing import Any

from ..resource import Inputs, Outputs
from ..shapes import CHOSEN_BY_AWS, ListOf, Object, Property, SetOf, Text
from .common import flag, found, number, text, without_none
from .s3_settings import BUCKET, Setting


class BucketObjectLockConfiguration(Setting):
    """For how long objects are kept from change; the lock itself stays with the bucket."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    properties = {
        "bucket": BUCKET,
        "objectLockEnabled": text("Enabled", default="Enabled", replaces=True),
        "rule": Property(
            shape=Object(
                {
                    "defaultRetention": Property(
                        shape=Object(
                            {
                                "mode": text("COMPLIANCE", "GOVERNANCE"),
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

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        wanted: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
        if inputs.get("rule"):
            kept = inputs["rule"]["defaultRetention"]
            retention = {"Mode": kept.get("mode"), "Days": kept.get("days"), "Years": kept.get("years")}
            wanted["Rule"] = {"DefaultRetention": without_none(retention)}
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=wanted)

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_object_lock_configuration, Bucket=bucket)
        if answer is None:
            return None
        kept = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention")
        described = kept and {"mode": kept.get("Mode"), "days": kept.get("Days"), "years": kept.get("Years")}
        return {
            "objectLockEnabled": "Enabled",
            "rule": {"defaultRetention": without_none(described)} if described else None,
        }

    def drop(self, client: Any, bucket: str) -> None:
        client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


def _told(arn: str) -> Property:
    return Property(
        shape=SetOf(
            Object(
                {
                    "id": text(default=CHOSEN_BY_AWS),
                    arn: text(required=True),
                    "events": Property(shape=SetOf(Text()), required=True),
                    "filterPrefix": text(default=""),
                    "filterSuffix": text(default=""),
                }
            )
        )
    )


class BucketNotification(Setting):
    """Who is told of what happens in a bucket."""

    token = "aws:s3/bucketNotification:BucketNotification"
    properties = {
        "bucket": BUCKET,
        "eventbridge": flag(),
        "lambdaFunctions": _told("lambdaFunctionArn"),
        "queues": _told("queueArn"),
        "topics": _told("topicArn"),
    }
    _KINDS = {
        "lambdaFunctions": ("LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
        "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
        "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
    }

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        wanted: dict[str, Any] = {"EventBridgeConfiguration": {}} if inputs.get("eventbridge") else {}
        for name, (group, ours, theirs) in self._KINDS.items():
            if inputs.get(name):
                wanted[group] = [_notification(item, ours, theirs) for item in inputs[name]]
        client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)

    def get(self, client: Any, bucket: str) -> Outputs | None:
        facts = found(client.get_bucket_notification_configuration, Bucket=bucket)
        if facts is None:
            return None
        told = {
            name: [_described_notification(item, ours, theirs) for item in facts.get(group, ())] or None
            for name, (group, ours, theirs) in self._KINDS.items()
        }
        eventbridge = "EventBridgeConfiguration" in facts
        return {"eventbridge": eventbridge, **told} if eventbridge or any(told.values()) else None

    def drop(self, client: Any, bucket: str) -> None:
        client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})


_EXPIRY = {"date": text(), "days": number(0), "expiredObjectDeleteMarker": flag()}
_RULE = {
    "id": text(required=True),
    "status": text("Enabled", "Disabled", required=True),
    "filter": Property(
        shape=Object({"prefix": text(default=""), "objectSizeGreaterThan": number(0), "objectSizeLessThan": number(0)}),
        default={"prefix": ""},
    ),
    "expiration": Property(shape=Object(_EXPIRY)),
    "transitions": Property(
        shape=SetOf(Object({"date": text(), "days": number(0), "storageClass": text(required=True)}))
    ),
    "noncurrentVersionExpiration": Property(
        shape=Object({"noncurrentDays": number(1, required=True), "newerNoncurrentVersions": number(1)})
    ),
    "noncurrentVersionTransitions": Property(
        shape=SetOf(
            Object(
                {
                    "noncurrentDays": number(0, required=True),
                    "newerNoncurrentVersions": number(1),
                    "storageClass": text(required=True),
                }
            )
        )
    ),
    "abortIncompleteMultipartUpload": Property(shape=Object({"daysAfterInitiation": number(1)})),
}


class BucketLifecycleConfiguration(Setting):
    """What becomes of objects as they age. (The embedded AWS keeps the rules and ages nothing.)"""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    properties = {
        "bucket": BUCKET,
        "rules": Property(shape=ListOf(Object(_RULE)), required=True),
        "transitionDefaultMinimumObjectSize": text(default=CHOSEN_BY_AWS),
    }

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        rules = [_as_aws(rule) for rule in inputs["rules"]]
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_bucket_lifecycle_configuration, Bucket=bucket)
        return answer and {"rules": [_as_ours(rule) for rule in answer["Rules"]]}

    def drop(self, client: Any, bucket: str) -> None:
        client.delete_bucket_lifecycle(Bucket=bucket)


def _as_aws(rule: Mapping[str, Any]) -> dict[str, Any]:
    """AWS spells a rule as we do, in capitals, but for the ID and the filter."""
    wanted = {_capital(name): _capitals(value) for name, value in rule.items() if name not in ("id", "filter")}
    return {"ID": rule["id"], "Filter": _filter(rule.get("filter") or {}), **wanted}


def _filter(wanted: Mapping[str, Any]) -> dict[str, Any]:
    parts = _capitals(wanted) or {"Prefix": ""}
    return {"And": parts} if len(parts) > 1 else parts


def _as_ours(rule: Mapping[str, Any]) -> dict[str, Any]:
    described = {_small(name): _smalls(value) for name, value in rule.items() if name not in ("ID", "Filter", "Prefix")}
    given = rule.get("Filter") or {}
    filter_ = _smalls(given.get("And") or given) or {"prefix": rule.get("Prefix", "")}
    return {"id": rule["ID"], "filter": filter_, **described}


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _small(name: str) -> str:
    return name[0].lower() + name[1:]


def _capitals(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_capital(name): _capitals(item) for name, item in value.items() if item is not None}
    return [_capitals(item) for item in value] if isinstance(value, list) else value


def _smalls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_small(name): _smalls(item) for name, item in value.items()}
    return [_smalls(item) for item in value] if isinstance(value, list) else value


def _notification(item: Mapping[str, Any], ours: str, theirs: str) -> dict[str, Any]:
    rules = [
        {"Name": name, "Value": item[key]}
        for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
        if item.get(key)
    ]
    return without_none(
        {
            "Id": item.get("id"),
            theirs: item[ours],
            "Events": list(item["events"]),
            "Filter": {"Key": {"FilterRules": rules}} if rules else None,
        }
    )


def _described_notification(item: Mapping[str, Any], ours: str, theirs: str) -> dict[str, Any]:
    rules = item.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return {
        "id": item.get("Id"),
        ours: item[theirs],
        "events": item["Events"],
        "filterPrefix": filters.get("prefix", ""),
        "filterSuffix": filters.get("suffix", ""),
    }
