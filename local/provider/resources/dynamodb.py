"""DynamoDB tables. Longer than 250 lines because AWS takes each kind of change to a table in a separate call.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from ..aws import Aws, AwsClient, is_not_found
from ..property_schema import CHOSEN_BY_AWS, Boolean, ListOf, MapOf, Number, Object, Property, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import sync_tags


class _Index(Object):
    """A secondary index; its keys may be written as hashKey and rangeKey, or equivalently as keySchemas."""

    def canonical(self, value: Any) -> Any:
        form = super().canonical(value)
        if isinstance(form, dict) and "keySchemas" not in form:
            pairs = ((form.pop("hashKey", None), "HASH"), (form.pop("rangeKey", None), "RANGE"))
            form["keySchemas"] = [{"attributeName": name, "keyType": kind} for name, kind in pairs if name]
        return form


_KEY = {
    "attributeName": Property(schema=String(), required=True),
    "keyType": Property(schema=String(("HASH", "RANGE")), required=True),
}
_INDEX = {
    "name": Property(schema=String(), required=True),
    "keySchemas": Property(schema=ListOf(Object(_KEY))),
    "hashKey": Property(schema=String()),
    "rangeKey": Property(schema=String()),
    "projectionType": Property(schema=String(("ALL", "INCLUDE", "KEYS_ONLY")), required=True),
    "nonKeyAttributes": Property(schema=SetOf(String())),
}


class Table(Resource):
    """A table on demand, with its indexes, encryption, recovery, expiry and stream."""

    token = "aws:dynamodb/table:Table"
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": Property(schema=String(), replaces=True),
        "hashKey": Property(schema=String(), required=True, replaces=True),
        "rangeKey": Property(schema=String(), replaces=True),
        "attributes": Property(
            schema=SetOf(
                Object(
                    {
                        "name": Property(schema=String(), required=True),
                        "type": Property(schema=String(("S", "N", "B")), required=True),
                    }
                )
            ),
            required=True,
        ),
        "billingMode": Property(schema=String(("PAY_PER_REQUEST", "PROVISIONED")), default="PROVISIONED"),
        "readCapacity": Property(schema=Number(minimum=1), default=CHOSEN_BY_AWS),
        "writeCapacity": Property(schema=Number(minimum=1), default=CHOSEN_BY_AWS),
        "globalSecondaryIndexes": Property(schema=SetOf(_Index(_INDEX))),
        "deletionProtectionEnabled": Property(schema=Boolean(), default=False),
        "pointInTimeRecovery": Property(
            schema=Object(
                {
                    "enabled": Property(schema=Boolean(), required=True, default=False),
                    "recoveryPeriodInDays": Property(schema=Number(minimum=1, maximum=35), default=CHOSEN_BY_AWS),
                }
            ),
            default={"enabled": False},
        ),
        "serverSideEncryption": Property(
            schema=Object(
                {
                    "enabled": Property(schema=Boolean(), required=True, default=False),
                    "kmsKeyArn": Property(schema=String(), default=CHOSEN_BY_AWS),
                }
            ),
            default={"enabled": False},
        ),
        "ttl": Property(
            schema=Object(
                {
                    "enabled": Property(schema=Boolean(), default=False),
                    "attributeName": Property(schema=String(), default=""),
                }
            ),
            default={"enabled": False},
        ),
        "streamEnabled": Property(schema=Boolean(), default=False),
        "streamViewType": Property(schema=String(), default=CHOSEN_BY_AWS),
        "tableClass": Property(schema=String(("STANDARD", "STANDARD_INFREQUENT_ACCESS")), default="STANDARD"),
        "tags": Property(schema=MapOf(String())),
        "arn": Property(schema=String(), computed=True),
        "streamArn": Property(schema=String(), computed=True, derived_from=("streamEnabled", "streamViewType")),
        "streamLabel": Property(schema=String(), computed=True, derived_from=("streamEnabled", "streamViewType")),
    }

    def validate(self, inputs: Inputs) -> Mapping[str, str]:
        declared = {attribute["name"] for attribute in inputs["attributes"] if isinstance(attribute, Mapping)}
        used = {
            key
            for group in (inputs, *inputs.get("globalSecondaryIndexes", ()))
            for key in [each["AttributeName"] for each in _keys(group)]
            if isinstance(key, str)
        }
        if all(isinstance(name, str) for name in declared) and declared != used:
            return {"attributes": f"must be exactly the attributes used as keys ({', '.join(sorted(used))})"}
        return {}

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("dynamodb").create_table(
            TableName=inputs["name"],
            AttributeDefinitions=_attributes(inputs),
            KeySchema=_keys(inputs),
            BillingMode=inputs.get("billingMode", "PROVISIONED"),
            **_throughput(inputs),
            **({"GlobalSecondaryIndexes": indexes} if (indexes := _indexes(inputs)) else {}),
            **_encryption(inputs),
        )
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        actual = self.read(aws, id_) or {}
        client = aws.client("dynamodb")
        self._converge_table(client, id_, inputs, actual)
        self._converge_indexes(client, id_, inputs, actual)
        recovery = inputs.get("pointInTimeRecovery") or {"enabled": False}
        if recovery != actual["pointInTimeRecovery"]:
            client.update_continuous_backups(TableName=id_, PointInTimeRecoverySpecification=_recovery(recovery))
        self._converge_ttl(client, id_, inputs.get("ttl") or {"enabled": False}, actual["ttl"])
        sync_tags(client, aws, inputs, actual.get("tags") or {}, ResourceArn=actual["arn"])

    def _converge_table(self, client: AwsClient, id_: str, inputs: Inputs, actual: Outputs) -> None:
        """Update the settings of the table itself; AWS takes each kind in a separate call."""
        billing = inputs.get("billingMode", "PROVISIONED")
        if billing != actual["billingMode"]:
            client.update_table(TableName=id_, BillingMode=billing, **_throughput(inputs))
        elif billing == "PROVISIONED" and any(inputs.get(k, 1) != actual[k] for k in ("readCapacity", "writeCapacity")):
            client.update_table(TableName=id_, **_throughput(inputs))
        protected = inputs.get("deletionProtectionEnabled", False)
        if protected != actual["deletionProtectionEnabled"]:
            client.update_table(TableName=id_, DeletionProtectionEnabled=protected)
        if (inputs.get("serverSideEncryption") or {"enabled": False}) != actual["serverSideEncryption"]:
            client.update_table(TableName=id_, **(_encryption(inputs) or {"SSESpecification": {"Enabled": False}}))
        if inputs.get("tableClass", "STANDARD") != actual["tableClass"]:
            client.update_table(TableName=id_, TableClass=inputs.get("tableClass", "STANDARD"))
        if inputs.get("streamEnabled", False) != actual["streamEnabled"]:
            client.update_table(TableName=id_, StreamSpecification=_stream(inputs))

    def _converge_ttl(self, client: AwsClient, id_: str, wanted: Inputs, actual: ReadonlyValues) -> None:
        """Update the expiry attribute: the old one is disabled first, because AWS takes one change at a time."""
        if dict(wanted) == actual:
            return
        if actual["enabled"]:
            off = {"Enabled": False, "AttributeName": actual["attributeName"]}
            client.update_time_to_live(TableName=id_, TimeToLiveSpecification=off)
        if wanted.get("enabled"):
            on = {"Enabled": True, "AttributeName": wanted["attributeName"]}
            client.update_time_to_live(TableName=id_, TimeToLiveSpecification=on)

    def _converge_indexes(self, client: AwsClient, id_: str, inputs: Inputs, actual: Outputs) -> None:
        """Update the indexes, one at a time; one that differs is deleted and created again."""
        wanted = {index["IndexName"]: index for index in _indexes(inputs)}
        present = {index["IndexName"]: index for index in _indexes(actual)}
        for name in present:
            if wanted.get(name) != present[name]:
                client.update_table(TableName=id_, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        for name, index in wanted.items():
            if present.get(name) != index:
                client.update_table(
                    TableName=id_,
                    AttributeDefinitions=_attributes(inputs),
                    GlobalSecondaryIndexUpdates=[{"Create": index}],
                )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("dynamodb")
        try:
            table = client.describe_table(TableName=id_)["Table"]
        except ClientError as error:
            if is_not_found(error):
                return None
            raise
        arn = table["TableArn"]
        recovery = client.describe_continuous_backups(TableName=id_)["ContinuousBackupsDescription"]
        expiry = client.describe_time_to_live(TableName=id_)["TimeToLiveDescription"]
        tags = client.list_tags_of_resource(ResourceArn=arn).get("Tags", [])
        return {
            **_table_outputs(table),
            "pointInTimeRecovery": _recovery_outputs(recovery.get("PointInTimeRecoveryDescription", {})),
            "ttl": _ttl_outputs(expiry),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        try:
            aws.client("dynamodb").delete_table(TableName=id_)
        except ClientError as error:
            if not is_not_found(error):
                raise


def _table_outputs(table: ReadonlyValues) -> Outputs:
    keys = _key_outputs(table["KeySchema"])
    encryption = table.get("SSEDescription", {})
    stream = table.get("StreamSpecification", {})
    capacity = table.get("ProvisionedThroughput", {})
    return {
        "name": table["TableName"],
        "arn": table["TableArn"],
        "hashKey": keys["hashKey"],
        "rangeKey": keys["rangeKey"],
        "attributes": [
            {"name": item["AttributeName"], "type": item["AttributeType"]} for item in table["AttributeDefinitions"]
        ],
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "readCapacity": capacity.get("ReadCapacityUnits", 0),
        "writeCapacity": capacity.get("WriteCapacityUnits", 0),
        "globalSecondaryIndexes": [_index_outputs(index) for index in table.get("GlobalSecondaryIndexes", [])],
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "serverSideEncryption": (
            {"enabled": True, "kmsKeyArn": encryption.get("KMSMasterKeyArn")}
            if encryption.get("Status") in ("ENABLED", "ENABLING", "UPDATING")
            else {"enabled": False}
        ),
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamViewType": stream.get("StreamViewType"),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "tableClass": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
    }


def _index_outputs(index: ReadonlyValues) -> Values:
    projection = index["Projection"]
    fields = {
        "name": index["IndexName"],
        **_key_outputs(index["KeySchema"]),
        "projectionType": projection["ProjectionType"],
        "nonKeyAttributes": projection.get("NonKeyAttributes"),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _key_outputs(schema: list[Mapping[str, str]]) -> dict[str, str | None]:
    by_kind = {key["KeyType"]: key["AttributeName"] for key in schema}
    return {"hashKey": by_kind.get("HASH"), "rangeKey": by_kind.get("RANGE")}


def _ttl_outputs(expiry: ReadonlyValues) -> Values:
    if expiry.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        return {"enabled": False}
    return {"enabled": True, "attributeName": expiry["AttributeName"]}


def _recovery_outputs(description: ReadonlyValues) -> Values:
    if description.get("PointInTimeRecoveryStatus") != "ENABLED":
        return {"enabled": False}
    days = description.get("RecoveryPeriodInDays")
    return {"enabled": True, **({"recoveryPeriodInDays": days} if days else {})}


def _attributes(inputs: Inputs) -> list[dict[str, str]]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _keys(group: ReadonlyValues) -> list[dict[str, str]]:
    if group.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in group["keySchemas"]]
    kinds = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": group[name], "KeyType": kind} for name, kind in kinds if group.get(name)]


def _indexes(inputs: ReadonlyValues) -> list[Values]:
    return [
        {
            "IndexName": index["name"],
            "KeySchema": _keys(index),
            "Projection": {
                "ProjectionType": index["projectionType"],
                **({"NonKeyAttributes": sorted(names)} if (names := index.get("nonKeyAttributes")) else {}),
            },
        }
        for index in inputs.get("globalSecondaryIndexes") or ()
    ]


def _throughput(inputs: Inputs) -> Values:
    if inputs.get("billingMode", "PROVISIONED") != "PROVISIONED":
        return {}
    units = {
        "ReadCapacityUnits": inputs.get("readCapacity", 1),
        "WriteCapacityUnits": inputs.get("writeCapacity", 1),
    }
    return {"ProvisionedThroughput": units}


def _encryption(inputs: Inputs) -> Values:
    wanted = inputs.get("serverSideEncryption") or {}
    if not wanted.get("enabled"):
        return {}
    key = {"KMSMasterKeyId": wanted["kmsKeyArn"]} if wanted.get("kmsKeyArn") else {}
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", **key}}


def _recovery(wanted: ReadonlyValues) -> Values:
    days = wanted.get("recoveryPeriodInDays")
    return {"PointInTimeRecoveryEnabled": wanted["enabled"], **({"RecoveryPeriodInDays": days} if days else {})}


def _stream(inputs: Inputs) -> Values:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs.get("streamViewType", "NEW_AND_OLD_IMAGES")}
