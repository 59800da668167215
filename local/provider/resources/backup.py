"""AWS Backup: vaults, plans and selections. (The embedded AWS stores them and backs nothing up.)

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupPlan.html
"""

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, KmsKeyId, MapOf, Object, Property, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import TAGS, boolean, fetch_or_none, ignore_not_found, number, output, string, sync_tags, without_none


class Vault(Resource):
    """A vault that keeps recovery points under its key."""

    token = "aws:backup/vault:Vault"
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "kmsKeyArn": Property(schema=KmsKeyId(), default=CHOSEN_BY_AWS, replaces=True),
        "forceDestroy": boolean(write_only=True),
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
        fact = fetch_or_none(client.describe_backup_vault, BackupVaultName=id_)
        return fact and {
            "name": id_,
            "arn": fact["BackupVaultArn"],
            "kmsKeyArn": fact.get("EncryptionKeyArn") or None,
            "recoveryPoints": fact.get("NumberOfRecoveryPoints", 0),
            "tags": client.list_tags(ResourceArn=fact["BackupVaultArn"]).get("Tags", {}),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("backup").delete_backup_vault(BackupVaultName=id_)


_LIFECYCLE = Property(schema=Object({"coldStorageAfter": number(1), "deleteAfter": number(1)}))
_RULE = {
    "ruleName": string(required=True),
    "targetVaultName": string(required=True),
    "schedule": string(default=CHOSEN_BY_AWS),
    "scheduleExpressionTimezone": string(default=CHOSEN_BY_AWS),
    "startWindow": number(60, default=60),
    "completionWindow": number(1, default=180),
    "enableContinuousBackup": boolean(),
    "lifecycle": _LIFECYCLE,
    "recoveryPointTags": Property(schema=MapOf(String())),
}


class Plan(Resource):
    """A schedule of backups and their retention."""

    token = "aws:backup/plan:Plan"
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "rules": Property(schema=SetOf(Object(_RULE)), required=True),
        "tags": TAGS,
        "arn": output(),
        "version": output("rules"),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        plans = aws.client("backup").list_backup_plans()["BackupPlansList"]
        return next((str(plan["BackupPlanId"]) for plan in plans if plan["BackupPlanName"] == inputs["name"]), None)

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = aws.client("backup").create_backup_plan(
            BackupPlan=_plan(inputs), BackupPlanTags=aws.tags(inputs), CreatorRequestId=marker
        )
        return str(created["BackupPlanId"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            aws.client("backup").update_backup_plan(BackupPlanId=id_, BackupPlan=_plan(inputs))
        _retag(aws, inputs, self.read(aws, id_) or {})

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("backup")
        fact = fetch_or_none(client.get_backup_plan, BackupPlanId=id_)
        if fact is None or fact.get("DeletionDate"):
            return None
        return {
            "name": fact["BackupPlan"]["BackupPlanName"],
            "rules": [_rule_outputs(rule) for rule in fact["BackupPlan"]["Rules"]],
            "arn": fact["BackupPlanArn"],
            "version": fact["VersionId"],
            "tags": client.list_tags(ResourceArn=fact["BackupPlanArn"]).get("Tags", {}),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("backup").delete_backup_plan(BackupPlanId=id_)


class Selection(Resource):
    """The resources that a plan applies to; AWS cannot change a selection."""

    token = "aws:backup/selection:Selection"
    auto_name = AutoName()
    identity = ("planId", "name")
    properties = {
        "name": string(replaces=True),
        "planId": string(required=True, replaces=True),
        "iamRoleArn": string(required=True, replaces=True),
        "resources": Property(schema=SetOf(String()), replaces=True),
        "notResources": Property(schema=SetOf(String()), replaces=True),
        "selectionTags": Property(
            schema=SetOf(
                Object({"type": string(required=True), "key": string(required=True), "value": string(required=True)})
            ),
            replaces=True,
        ),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        answer = fetch_or_none(aws.client("backup").list_backup_selections, BackupPlanId=inputs["planId"]) or {}
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
        created = aws.client("backup").create_backup_selection(
            BackupPlanId=inputs["planId"], BackupSelection=without_none(wanted), CreatorRequestId=marker
        )
        return f"{inputs['planId']}|{created['SelectionId']}"

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        plan, _, selection = id_.partition("|")
        answer = fetch_or_none(aws.client("backup").get_backup_selection, BackupPlanId=plan, SelectionId=selection)
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

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        plan, _, selection = id_.partition("|")
        with ignore_not_found():
            aws.client("backup").delete_backup_selection(BackupPlanId=plan, SelectionId=selection)


def _plan(inputs: Inputs) -> Values:
    return {"BackupPlanName": inputs["name"], "Rules": [_rule(rule) for rule in inputs["rules"]]}


def _rule(rule: ReadonlyValues) -> Values:
    lifecycle = rule.get("lifecycle")
    wanted = {
        "RuleName": rule["ruleName"],
        "TargetBackupVaultName": rule["targetVaultName"],
        "ScheduleExpression": rule.get("schedule"),
        "ScheduleExpressionTimezone": rule.get("scheduleExpressionTimezone"),
        "StartWindowMinutes": rule.get("startWindow", 60),
        "CompletionWindowMinutes": rule.get("completionWindow", 180),
        "EnableContinuousBackup": rule.get("enableContinuousBackup", False),
        "RecoveryPointTags": dict(rule["recoveryPointTags"]) if rule.get("recoveryPointTags") else None,
        "Lifecycle": lifecycle
        and without_none(
            {
                "MoveToColdStorageAfterDays": lifecycle.get("coldStorageAfter"),
                "DeleteAfterDays": lifecycle.get("deleteAfter"),
            }
        ),
    }
    return without_none(wanted)


def _rule_outputs(fact: ReadonlyValues) -> Values:
    lifecycle = fact.get("Lifecycle")
    described = {
        "ruleName": fact["RuleName"],
        "targetVaultName": fact["TargetBackupVaultName"],
        "schedule": fact.get("ScheduleExpression"),
        "scheduleExpressionTimezone": fact.get("ScheduleExpressionTimezone"),
        "startWindow": fact.get("StartWindowMinutes"),
        "completionWindow": fact.get("CompletionWindowMinutes"),
        "enableContinuousBackup": fact.get("EnableContinuousBackup", False),
        "recoveryPointTags": fact.get("RecoveryPointTags") or None,
        "lifecycle": lifecycle
        and without_none(
            {
                "coldStorageAfter": lifecycle.get("MoveToColdStorageAfterDays"),
                "deleteAfter": lifecycle.get("DeleteAfterDays"),
            }
        ),
    }
    return without_none(described)


def _retag(aws: Aws, inputs: Inputs, actual: Outputs) -> None:
    client = aws.client("backup")
    sync_tags(client, aws, inputs, actual["tags"], names=("Tags", "TagKeyList"), pairs=dict, ResourceArn=actual["arn"])
