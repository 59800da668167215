"""CloudWatch log groups, data protection policies, metric filters and resource policies.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
"""

from botocore.exceptions import ClientError

from ..aws import Aws, AwsClient
from ..journal import OWN_TAGS
from ..property_schema import JsonString, KmsKeyId, MapOf, Object, Property, String
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import (
    TAGS,
    boolean,
    fetch_or_none,
    ignore_not_found,
    number,
    output,
    policy,
    string,
    sync_tags,
    without_none,
)


class LogGroup(Resource):
    """A log group with its retention and its key."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "namePrefix": string(replaces=True, write_only=True),
        "kmsKeyId": Property(schema=KmsKeyId(), write_only=True),  # cannot be changed here
        "logGroupClass": string("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", default="STANDARD", replaces=True),
        "retentionInDays": number(0, default=0),
        "skipDestroy": boolean(write_only=True),
        "tags": TAGS,
        "arn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        wanted = {"kmsKeyId": inputs.get("kmsKeyId"), "logGroupClass": inputs.get("logGroupClass")}
        aws.client("logs").create_log_group(logGroupName=inputs["name"], tags=aws.tags(inputs), **without_none(wanted))
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("logs"), self.read(aws, id_) or {}
        days = inputs.get("retentionInDays", 0)
        if days and days != actual["retentionInDays"]:
            client.put_retention_policy(logGroupName=id_, retentionInDays=days)
        elif not days and actual["retentionInDays"]:
            client.delete_retention_policy(logGroupName=id_)
        if old:
            self._converge_key(client, id_, inputs.get("kmsKeyId"), old.get("kmsKeyId"))
        sync_tags(client, aws, inputs, actual["tags"], names=("tags", "tagKeys"), pairs=dict, resourceArn=actual["arn"])

    def _converge_key(self, client: AwsClient, id_: str, key: str | None, old: str | None) -> None:
        """Reject another key: the embedded AWS (MiniStack 1.5.33) takes a key only at creation."""
        if key == old:
            return
        try:
            if key:
                client.associate_kms_key(logGroupName=id_, kmsKeyId=key)
            else:
                client.disassociate_kms_key(logGroupName=id_)
        except ClientError as error:
            if "Unknown action" not in str(error):
                raise

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("logs")
        groups = client.describe_log_groups(logGroupNamePrefix=id_)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == id_), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "name": id_,
            "arn": arn,
            "logGroupClass": group.get("logGroupClass", "STANDARD"),
            "retentionInDays": group.get("retentionInDays", 0),
            "tags": client.list_tags_for_resource(resourceArn=arn).get("tags", {}),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        if not outputs.get("skipDestroy"):
            with ignore_not_found():
                aws.client("logs").delete_log_group(logGroupName=id_)


class LogDataProtectionPolicy(Resource):
    """The personal data that a log group masks. (Stored in the group's tags; the embedded AWS masks nothing.)"""

    token = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
    identity = ("logGroupName",)
    properties = {
        "logGroupName": string(required=True, replaces=True),
        "policyDocument": Property(schema=JsonString(), required=True),
    }
    _tag = f"{OWN_TAGS}data-protection"

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["logGroupName"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, inputs["logGroupName"], inputs, {})
        return str(inputs["logGroupName"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        aws.client("logs").tag_resource(
            resourceArn=aws.arn("logs", f"log-group:{id_}"), tags={self._tag: inputs["policyDocument"]}
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        arn = aws.arn("logs", f"log-group:{id_}")
        tags = (fetch_or_none(aws.client("logs").list_tags_for_resource, resourceArn=arn) or {}).get("tags", {})
        return {"logGroupName": id_, "policyDocument": tags[self._tag]} if self._tag in tags else None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("logs").untag_resource(resourceArn=aws.arn("logs", f"log-group:{id_}"), tagKeys=[self._tag])


class LogMetricFilter(Resource):
    """A metric counted from log lines. (The embedded AWS stores it and counts nothing.)"""

    token = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    auto_name = AutoName()
    identity = ("logGroupName", "name")
    properties = {
        "name": string(replaces=True),
        "logGroupName": string(required=True, replaces=True),
        "pattern": string(required=True),
        "metricTransformation": Property(
            schema=Object(
                {
                    "name": string(required=True),
                    "namespace": string(required=True),
                    "value": string(required=True),
                    "defaultValue": string(),
                    "dimensions": Property(schema=MapOf(String())),
                    "unit": string(default="None"),
                }
            ),
            required=True,
        ),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['logGroupName']}:{inputs['name']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, "", inputs, {})
        return f"{inputs['logGroupName']}:{inputs['name']}"

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        wanted = inputs["metricTransformation"]
        default = wanted.get("defaultValue")
        transformation = {
            "metricName": wanted["name"],
            "metricNamespace": wanted["namespace"],
            "metricValue": wanted["value"],
            "defaultValue": None if default is None else float(default),
            "dimensions": wanted.get("dimensions"),
            "unit": wanted.get("unit"),
        }
        aws.client("logs").put_metric_filter(
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"],
            metricTransformations=[without_none(transformation)],
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        group, _, name = id_.rpartition(":")
        request = aws.client("logs").describe_metric_filters
        answer = fetch_or_none(request, logGroupName=group, filterNamePrefix=name) or {"metricFilters": []}
        fact = next((item for item in answer["metricFilters"] if item["filterName"] == name), None)
        if fact is None:
            return None
        created = fact["metricTransformations"][0]
        default = created.get("defaultValue")
        return {
            "name": name,
            "logGroupName": group,
            "pattern": fact["filterPattern"],
            "metricTransformation": without_none(
                {
                    "name": created["metricName"],
                    "namespace": created["metricNamespace"],
                    "value": created["metricValue"],
                    "defaultValue": None if default is None else f"{default:g}",
                    "dimensions": created.get("dimensions"),
                    "unit": created.get("unit", "None"),
                }
            ),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        group, _, name = id_.rpartition(":")
        with ignore_not_found():
            aws.client("logs").delete_metric_filter(logGroupName=group, filterName=name)


class LogResourcePolicy(Resource):
    """A policy that lets a service write to log groups."""

    token = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
    identity = ("policyName",)
    properties = {"policyName": string(required=True, replaces=True), "policyDocument": policy(required=True)}

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["policyName"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, "", inputs, {})
        return str(inputs["policyName"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        aws.client("logs").put_resource_policy(policyName=inputs["policyName"], policyDocument=inputs["policyDocument"])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        facts = aws.client("logs").describe_resource_policies()["resourcePolicies"]
        fact = next((item for item in facts if item["policyName"] == id_), None)
        return fact and {"policyName": id_, "policyDocument": fact["policyDocument"]}

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("logs").delete_resource_policy(policyName=id_)
