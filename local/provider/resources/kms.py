"""KMS keys, their aliases, and a key's policy as a resource of its own.

A deleted key stays *pending deletion* for its window; programs treat it as deleted.
https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
"""

import json
from functools import partial

from ..aws import Aws, AwsClient
from ..journal import MARKER_TAG
from ..property_schema import CHOSEN_BY_AWS, KmsKeyId, Property
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
    tag_list,
    tag_map,
)

_pairs = partial(tag_list, key="TagKey", value="TagValue")


class Key(Resource):
    """A key with its policy and rotation. It has no name, so its creation is marked by a tag."""

    token = "aws:kms/key:Key"
    properties = {
        "description": string(default="Managed by Pulumi"),
        "enableKeyRotation": boolean(),
        "rotationPeriodInDays": number(90, 2560, default=CHOSEN_BY_AWS),
        "deletionWindowInDays": number(7, 30, default=CHOSEN_BY_AWS, write_only=True),
        "isEnabled": boolean(default=True),
        "policy": policy(default=CHOSEN_BY_AWS),
        "keyUsage": string(
            "ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", default="ENCRYPT_DECRYPT", replaces=True
        ),
        "customerMasterKeySpec": string(default="SYMMETRIC_DEFAULT", replaces=True),
        "multiRegion": boolean(replaces=True),
        "tags": TAGS,
        "arn": output(),
        "keyId": output(),
    }

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = aws.client("kms").create_key(
            Description=inputs.get("description", "Managed by Pulumi"),
            KeyUsage=inputs.get("keyUsage", "ENCRYPT_DECRYPT"),
            KeySpec=inputs.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
            MultiRegion=inputs.get("multiRegion", False),
            Tags=_pairs({**aws.tags(inputs), **aws.marker_tag(marker)}),
        )
        return str(created["KeyMetadata"]["KeyId"])

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        for page in aws.client("kms").get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                if self._tags(aws, key["KeyId"]).get(MARKER_TAG) == marker:
                    return str(key["KeyId"])
        return None

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("kms"), self.read(aws, id_) or {}
        if inputs.get("policy") and inputs["policy"] != actual["policy"]:
            client.put_key_policy(KeyId=id_, PolicyName="default", Policy=inputs["policy"])
        description = inputs.get("description", "Managed by Pulumi")
        if description != actual["description"]:
            client.update_key_description(KeyId=id_, Description=description)
        self._converge_rotation(client, id_, inputs, actual)
        enabled = inputs.get("isEnabled", True)
        if enabled != actual["isEnabled"]:
            (client.enable_key if enabled else client.disable_key)(KeyId=id_)
        sync_tags(client, aws, inputs, actual["tags"], pairs=_pairs, KeyId=id_)

    def _converge_rotation(self, client: AwsClient, id_: str, inputs: Inputs, actual: Outputs) -> None:
        period = inputs.get("rotationPeriodInDays")
        if not inputs.get("enableKeyRotation"):
            if actual["enableKeyRotation"]:
                client.disable_key_rotation(KeyId=id_)
        elif not actual["enableKeyRotation"] or (period and period != actual.get("rotationPeriodInDays")):
            client.enable_key_rotation(KeyId=id_, **({"RotationPeriodInDays": period} if period else {}))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("kms")
        described = fetch_or_none(client.describe_key, KeyId=id_)
        if described is None or described["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = described["KeyMetadata"]
        rotation = fetch_or_none(client.get_key_rotation_status, KeyId=id_) or {}
        return {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "description": key.get("Description", ""),
            "isEnabled": key["Enabled"],
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": key.get("KeySpec", "SYMMETRIC_DEFAULT"),
            "multiRegion": key.get("MultiRegion", False),
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "policy": client.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
            "tags": self._tags(aws, id_),
        }

    def _tags(self, aws: Aws, id_: str) -> dict[str, str]:
        listed = fetch_or_none(aws.client("kms").list_resource_tags, KeyId=id_) or {}
        return tag_map(listed.get("Tags"), "TagKey", "TagValue")

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        if self.read(aws, id_) is not None:
            days = outputs.get("deletionWindowInDays", 30)
            aws.client("kms").schedule_key_deletion(KeyId=id_, PendingWindowInDays=days)


class Alias(Resource):
    """A readable name for a key."""

    token = "aws:kms/alias:Alias"
    auto_name = AutoName(prefix="alias/", max_length=238)
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "targetKeyId": Property(schema=KmsKeyId(), required=True),
        "arn": output(),
        "targetKeyArn": output("targetKeyId"),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            aws.client("kms").update_alias(AliasName=id_, TargetKeyId=inputs["targetKeyId"])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        for page in aws.client("kms").get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == id_:
                    key = alias["TargetKeyId"]
                    key_arn = key if key.startswith("arn:") else aws.arn("kms", f"key/{key}")
                    return {"name": id_, "arn": alias["AliasArn"], "targetKeyId": key, "targetKeyArn": key_arn}
        return None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("kms").delete_alias(AliasName=id_)


class KeyPolicy(Resource):
    """A key's policy, if it names resources created after the key. Deleting it restores AWS's default."""

    token = "aws:kms/keyPolicy:KeyPolicy"
    identity = ("keyId",)
    properties = {
        "keyId": Property(schema=KmsKeyId(), required=True, replaces=True),
        "policy": policy(required=True),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["keyId"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._put(aws, inputs["keyId"], inputs["policy"])
        return str(inputs["keyId"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        self._put(aws, id_, inputs["policy"])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        answer = fetch_or_none(aws.client("kms").get_key_policy, KeyId=id_, PolicyName="default")
        return {"keyId": id_, "policy": answer["Policy"]} if answer else None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        default_policy = {
            "Effect": "Allow",
            "Principal": {"AWS": aws.arn("iam", "root", region=False)},
            "Action": "kms:*",
            "Resource": "*",
        }
        with ignore_not_found():
            self._put(aws, id_, json.dumps({"Version": "2012-10-17", "Statement": [default_policy]}))

    def _put(self, aws: Aws, key: str, document: str) -> None:
        aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document)
