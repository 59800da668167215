"""AWS Backup: vaults, plans, and what they apply to. (The embedded AWS keeps them and backs nothing up.)

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupPlan.html
"""

from collections.abc import Mapping
from typing import Any

from ..aws import Aws
from ..naming import AutoName
from ..resource import Inputs, Outputs, Resource
from ..shapes import CHOSEN_BY_AWS, KeyName, MapOf, Object, Property, SetOf, Text
from .common import TAGS, absence_is_fine, flag, found, number, output, retagged, text, without_none


class Vault(Resource):
    """Where recovery points are kept, under their key."""

    token = "aws:backup/vault:Vault"
    names = AutoName(most=50, dots=False)
    identity = ("name",)
    properties = {
        "name": text(replaces=True),
        "kmsKeyArn": Property(shape=KeyName(), default=CHOSEN_BY_AWS, replaces=True),
        "forceDestroy": flag(write_only=True),
        "tags": TAGS,
        "arn": output(),
        "recoveryPoints": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        key = {"EncryptionKeyArn": inputs["kmsKeyArn"]} if inputs.get("kmsKeyArn") else {}
        aws.client("backup").create_backup_vault(
            BackupVaultName=inputs["name"], BackupVaultTags=aws.tags(inputs), **key
        )
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        _retag(aws, inputs, self.read(aws, id_) or {})

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("backup")
        fact = found(client.describe_backup_vault, BackupVaultName=id_)
        return fact and {
            "name": id_,
            "arn": fact["BackupVaultArn"],
            "kmsKeyArn": fact.get("EncryptionKeyArn") or None,
            "recoveryPoints": fact.get("NumberOfRecoveryPoints", 0),
            "tags": client.list_tags(ResourceArn=fact["BackupVaultArn"]).get("Tags", {}),
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            aws.client("backup").delete_backup_vault(BackupVaultName=id_)


_LIFECYCLE = Property(shape=Object({"coldStorageAfter": number(1), "deleteAfter": number(1)}))
_RULE = {
    "ruleName": text(required=True),
    "targetVaultName": text(required=True),
    "schedule": text(default=CHOSEN_BY_AWS),
    "scheduleExpressionTimezone": text(default=CHOSEN_BY_AWS),
    "startWindow": number(60, default=60),
    "completionWindow": number(1, default=180),
    "enableContinuousBackup": flag(),
    "lifecycle": _LIFECYCLE,
    "recoveryPointTags": Property(shape=MapOf(Text())),
}


class Plan(Resource):
    """When backups are made and for how long they are kept."""

    token = "aws:backup/plan:Plan"
    names = AutoName(most=50)
    identity = ("name",)
    properties = {
        "name": text(replaces=True),
        "rules": Property(shape=SetOf(Object(_RULE)), required=True),
        "tags": TAGS,
        "arn": output(),
        "version": output("rules"),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        plans = aws.client("backup").list_backup_plans()["BackupPlansList"]
        return next((str(plan["BackupPlanId"]) for plan in plans if plan["BackupPlanName"] == inputs["name"]), None)

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        made = aws.client("backup").create_backup_plan(
            BackupPlan=_plan(inputs), BackupPlanTags=aws.tags(inputs), CreatorRequestId=marker
        )
        return str(made["BackupPlanId"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            aws.client("backup").update_backup_plan(BackupPlanId=id_, BackupPlan=_plan(inputs))
        _retag(aws, inputs, self.read(aws, id_) or {})

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("backup")
        fact = found(client.get_backup_plan, BackupPlanId=id_)
        if fact is None or fact.get("DeletionDate"):
            return None
        return {
            "name": fact["BackupPlan"]["BackupPlanName"],
            "rules": [_described(rule) for rule in fact["BackupPlan"]["Rules"]],
            "arn": fact["BackupPlanArn"],
            "version": fact["VersionId"],
            "tags": client.list_tags(ResourceArn=fact["BackupPlanArn"]).get("Tags", {}),
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            aws.client("backup").delete_backup_plan(BackupPlanId=id_)


class Selection(Resource):
    """What a plan applies to; AWS cannot change one."""

    token = "aws:backup/selection:Selection"
    names = AutoName(most=50, dots=False)
    identity = ("planId", "name")
    properties = {
        "name": text(replaces=True),
        "planId": text(required=True, replaces=True),
        "iamRoleArn": text(required=True, replaces=True),
        "resources": Property(shape=SetOf(Text()), replaces=True),
        "notResources": Property(shape=SetOf(Text()), replaces=True),
        "selectionTags": Property(
            shape=SetOf(
                Object({"type": text(required=True), "key": text(required=True), "value": text(required=True)})
            ),
            replaces=True,
        ),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        answer = found(aws.client("backup").list_backup_selections, BackupPlanId=inputs["planId"]) or {}
        for fact in answer.get("BackupSelectionsList", ()):
            if fact["SelectionName"] == inputs["name"]:
                return f"{inputs['planId']}|{fact['SelectionId']}"
        return None

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        tags = [
            {"ConditionType": tag["type"], "ConditionKey": tag["key"], "ConditionValue": tag["value"]}
            for tag in inputs.get("selectionTags") or ()
        ]
        wanted = {
            "SelectionName": inputs["name"],
            "IamRoleArn": inputs["iamRoleArn"],
            "Resources": list(inputs.get("resources") or ()) or None,
            "NotResources": list(inputs.get("notResources") or ()) or None,
            "ListOfTags": tags or None,
        }
        made = aws.client("backup").create_backup_selection(
            BackupPlanId=inputs["planId"], BackupSelection=without_none(wanted), CreatorRequestId=marker
        )
        return f"{inputs['planId']}|{made['SelectionId']}"

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        plan, _, selection = id_.partition("|")
        answer = found(aws.client("backup").get_backup_selection, BackupPlanId=plan, SelectionId=selection)
        if answer is None:
            return None
        fact = answer["BackupSelection"]
        tags = [
            {"type": tag["ConditionType"], "key": tag["ConditionKey"], "value": tag["ConditionValue"]}
            for tag in fact.get("ListOfTags") or ()
        ]
        return {
            "name": fact["SelectionName"],
            "planId": plan,
            "iamRoleArn": fact["IamRoleArn"],
            "resources": fact.get("Resources") or None,
            "notResources": fact.get("NotResources") or None,
            "selectionTags": tags or None,
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        plan, _, selection = id_.partition("|")
        with absence_is_fine():
            aws.client("backup").delete_backup_selection(BackupPlanId=plan, SelectionId=selection)


def _plan(inputs: Inputs) -> dict[str, Any]:
    return {"BackupPlanName": inputs["name"], "Rules": [_rule(rule) for rule in inputs["rules"]]}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = rule.get("lifecycle")
    wanted = {
        "RuleName": rule["ruleName"],
        "TargetBackupVaultName": rule["targetVaultName"],
        "ScheduleExpression": rule.get("schedule"),
        "ScheduleExpressionTimezone": rule.get("scheduleExpressionTimezone"),
        "StartWindowMinutes": rule.get("startWindow", 60),
        "CompletionWindowMinutes": rule.get("completionWindow", 180),
        "EnableContinuousBackup": rule.get("enableContinuousBackup", False),
        "RecoveryPointTags": dict(rule["recoveryPointTags"]) if rule.get("recoveryPointTags") else None,
        "Lifecycle": kept
        and without_none(
            {
                "MoveToColdStorageAfterDays": kept.get("coldStorageAfter"),
                "DeleteAfterDays": kept.get("deleteAfter"),
            }
        ),
    }
    return without_none(wanted)


def _described(fact: Mapping[str, Any]) -> dict[str, Any]:
    kept = fact.get("Lifecycle")
    described = {
        "ruleName": fact["RuleName"],
        "targetVaultName": fact["TargetBackupVaultName"],
        "schedule": fact.get("ScheduleExpression"),
        "scheduleExpressionTimezone": fact.get("ScheduleExpressionTimezone"),
        "startWindow": fact.get("StartWindowMinutes"),
        "completionWindow": fact.get("CompletionWindowMinutes"),
        "enableContinuousBackup": fact.get("EnableContinuousBackup", False),
        "recoveryPointTags": fact.get("RecoveryPointTags") or None,
        "lifecycle": kept
        and without_none(
            {"coldStorageAfter": kept.get("MoveToColdStorageAfterDays"), "deleteAfter": kept.get("DeleteAfterDays")}
        ),
    }
    return without_none(described)


def _retag(aws: Aws, inputs: Inputs, actual: Outputs) -> None:
    client = aws.client("backup")
    changed, dropped = retagged(aws, inputs, actual["tags"])
    if dropped:
        client.untag_resource(ResourceArn=actual["arn"], TagKeyList=dropped)
    if changed:
        client.tag_resource(ResourceArn=actual["arn"], Tags=changed)
