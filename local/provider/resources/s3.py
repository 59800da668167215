"""S3 buckets, and their settings, each of which Pulumi has as a resource of its own.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from ..aws import Aws
from ..naming import AutoName
from ..resource import Inputs, Outputs, Resource
from ..shapes import CHOSEN_BY_AWS, KeyName, ListOf, Object, Property, SetOf, Text
from .common import TAGS, absence_is_fine, flag, found, number, output, policy, tag_list, tag_map, text, without_none

_BUCKET = text(required=True, replaces=True)
_HOSTED_ZONE = "Z3AQBSTGFYJSTF"  # of us-east-1; https://docs.aws.amazon.com/general/latest/gr/s3.html


class Bucket(Resource):
    """A bucket; what it is like is said by the other resources of this module."""

    token = "aws:s3/bucket:Bucket"
    names = AutoName(property="bucket", most=63, lower=True, dots=False)
    identity = ("bucket",)
    properties = {
        "bucket": text(replaces=True),
        "forceDestroy": flag(write_only=True),
        "objectLockEnabled": flag(replaces=True),
        "tags": TAGS,
        "arn": output(),
        "bucketDomainName": output(),
        "bucketRegion": output(),
        "bucketRegionalDomainName": output(),
        "hostedZoneId": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["bucket"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("s3").create_bucket(
            Bucket=inputs["bucket"], ObjectLockEnabledForBucket=inputs.get("objectLockEnabled", False)
        )
        return str(inputs["bucket"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, tags = aws.client("s3"), aws.tags(inputs)
        if tags:
            client.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tag_list(tags)})
        elif self._tags(client, id_):
            client.delete_bucket_tagging(Bucket=id_)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("s3")
        if found(client.head_bucket, Bucket=id_) is None:
            return None
        lock = found(client.get_object_lock_configuration, Bucket=id_) or {}
        return {
            "bucket": id_,
            "arn": f"arn:{aws.partition}:s3:::{id_}",
            "objectLockEnabled": lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled",
            "bucketDomainName": f"{id_}.s3.amazonaws.com",
            "bucketRegion": aws.region,
            "bucketRegionalDomainName": f"{id_}.s3.{aws.region}.amazonaws.com",
            "hostedZoneId": _HOSTED_ZONE,
            "tags": self._tags(client, id_),
        }

    def _tags(self, client: Any, id_: str) -> dict[str, str]:
        return tag_map((found(client.get_bucket_tagging, Bucket=id_) or {}).get("TagSet"))

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        client = aws.client("s3")
        with absence_is_fine():
            if outputs.get("forceDestroy"):
                _empty(client, id_)
            client.delete_bucket(Bucket=id_)


class _Setting(Resource):
    """One setting of a bucket: its id is the bucket's name, and it is put as a whole."""

    identity = ("bucket",)

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["bucket"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.put(aws.client("s3"), inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            self.put(aws.client("s3"), id_, inputs)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        actual = self.get(aws.client("s3"), id_)
        return None if actual is None else {"bucket": id_, **actual}

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            self.drop(aws.client("s3"), id_)

    @abstractmethod
    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        """Set it."""

    @abstractmethod
    def get(self, client: Any, bucket: str) -> Outputs | None:
        """What is set, None where nothing is."""

    @abstractmethod
    def drop(self, client: Any, bucket: str) -> None:
        """Unset it."""


class BucketVersioning(_Setting):
    """Whether overwritten and deleted objects are kept; once enabled, it can only be suspended."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    properties = {
        "bucket": _BUCKET,
        "versioningConfiguration": Property(
            shape=Object({"status": text("Enabled", "Suspended", "Disabled", required=True)}), required=True
        ),
    }

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        status = inputs["versioningConfiguration"]["status"]
        if status != "Disabled":
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_bucket_versioning, Bucket=bucket)
        return answer and {"versioningConfiguration": {"status": answer.get("Status") or "Disabled"}}

    def drop(self, client: Any, bucket: str) -> None:
        """A bucket with Object Lock refuses to be suspended: it keeps its versions until it goes itself."""
        if found(client.get_object_lock_configuration, Bucket=bucket) is None:
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(_Setting):
    """How objects are encrypted that are put without saying how."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    properties = {
        "bucket": _BUCKET,
        "rules": Property(
            shape=SetOf(
                Object(
                    {
                        "applyServerSideEncryptionByDefault": Property(
                            shape=Object(
                                {
                                    "sseAlgorithm": text("AES256", "aws:kms", "aws:kms:dsse", required=True),
                                    "kmsMasterKeyId": Property(shape=KeyName()),
                                }
                            )
                        ),
                        "bucketKeyEnabled": flag(),
                    }
                )
            ),
            required=True,
        ),
    }

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        rules = []
        for rule in inputs["rules"]:
            default = rule.get("applyServerSideEncryptionByDefault") or {}
            wanted = {"SSEAlgorithm": default.get("sseAlgorithm"), "KMSMasterKeyID": default.get("kmsMasterKeyId")}
            rules.append(
                {
                    "ApplyServerSideEncryptionByDefault": without_none(wanted),
                    "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
                }
            )
        client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_bucket_encryption, Bucket=bucket)
        if answer is None:
            return None
        rules = []
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            described = {"sseAlgorithm": default.get("SSEAlgorithm"), "kmsMasterKeyId": default.get("KMSMasterKeyID")}
            rules.append(
                {
                    "applyServerSideEncryptionByDefault": without_none(described),
                    "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
            )
        return {"rules": rules}

    def drop(self, client: Any, bucket: str) -> None:
        client.delete_bucket_encryption(Bucket=bucket)


class BucketPublicAccessBlock(_Setting):
    """Four ways in which a bucket could become public, shut."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    properties = {
        "bucket": _BUCKET,
        "blockPublicAcls": flag(),
        "blockPublicPolicy": flag(),
        "ignorePublicAcls": flag(),
        "restrictPublicBuckets": flag(),
        "skipDestroy": flag(write_only=True),
    }
    _NAMES = {
        "blockPublicAcls": "BlockPublicAcls",
        "blockPublicPolicy": "BlockPublicPolicy",
        "ignorePublicAcls": "IgnorePublicAcls",
        "restrictPublicBuckets": "RestrictPublicBuckets",
    }

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        wanted = {parameter: inputs.get(name, False) for name, parameter in self._NAMES.items()}
        client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_public_access_block, Bucket=bucket)
        facts = answer and answer["PublicAccessBlockConfiguration"]
        return facts and {name: facts.get(parameter, False) for name, parameter in self._NAMES.items()}

    def drop(self, client: Any, bucket: str) -> None:
        client.delete_public_access_block(Bucket=bucket)


class BucketOwnershipControls(_Setting):
    """Who owns what others put."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    properties = {
        "bucket": _BUCKET,
        "rule": Property(
            shape=Object(
                {"objectOwnership": text("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter", required=True)}
            ),
            required=True,
        ),
    }

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        rule = {"ObjectOwnership": inputs["rule"]["objectOwnership"]}
        client.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [rule]})

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_bucket_ownership_controls, Bucket=bucket)
        rules = answer and answer["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}} if rules else None

    def drop(self, client: Any, bucket: str) -> None:
        client.delete_bucket_ownership_controls(Bucket=bucket)


class BucketPolicy(_Setting):
    """Who may do what with a bucket."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    properties = {"bucket": _BUCKET, "policy": policy(required=True)}

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        client.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])

    def get(self, client: Any, bucket: str) -> Outputs | None:
        answer = found(client.get_bucket_policy, Bucket=bucket)
        return answer and {"policy": answer["Policy"]}

    def drop(self, client: Any, bucket: str) -> None:
        client.delete_bucket_policy(Bucket=bucket)


class BucketObjectLockConfiguration(_Setting):
    """For how long objects are kept from change; the lock itself stays with the bucket."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    properties = {
        "bucket": _BUCKET,
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


class BucketLogging(_Setting):
    """Where a bucket's access logs go. (The embedded AWS keeps the setting and writes none.)"""

    token = "aws:s3/bucketLogging:BucketLogging"
    properties = {"bucket": _BUCKET, "targetBucket": text(required=True), "targetPrefix": text(required=True)}

    def put(self, client: Any, bucket: str, inputs: Inputs) -> None:
        wanted = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
        client.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": wanted})

    def get(self, client: Any, bucket: str) -> Outputs | None:
        fact = (found(client.get_bucket_logging, Bucket=bucket) or {}).get("LoggingEnabled")
        return fact and {"targetBucket": fact["TargetBucket"], "targetPrefix": fact.get("TargetPrefix", "")}

    def drop(self, client: Any, bucket: str) -> None:
        client.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


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


class BucketNotification(_Setting):
    """Who is told of what happens in a bucket."""

    token = "aws:s3/bucketNotification:BucketNotification"
    properties = {
        "bucket": _BUCKET,
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


class BucketLifecycleConfiguration(_Setting):
    """What becomes of objects as they age. (The embedded AWS keeps the rules and ages nothing.)"""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    properties = {
        "bucket": _BUCKET,
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


def _empty(client: Any, bucket: str) -> None:
    """Delete every version of every object, as far as their locks allow it to an administrator."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            client.delete_object(
                Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"], BypassGovernanceRetention=True
            )
