"""Writes which actions `arn:aws:states:::aws-sdk:SERVICE:ACTION` may name, and by which prefix IAM knows a SERVICE.

workflow/checking/sdk_actions.json has one line per service: its actions, each followed by the arguments it cannot do
without. workflow/permitting/iam_prefixes.json has the services that IAM calls otherwise. Both are taken from botocore,
whose services are those of the AWS SDK for Java, by whose names Step Functions knows them. To bring them up to date:

    .venv/bin/python tools/sdk_actions.py
"""

import json
import re
from pathlib import Path

import botocore.session

WORKFLOW = Path(__file__).parents[1] / "workflow"
ACTIONS = WORKFLOW / "checking" / "sdk_actions.json"
PREFIXES = WORKFLOW / "permitting" / "iam_prefixes.json"
# Where the Java SDK's name of a service is not its id without spaces.
JAVA_SDK_NAMES = {
    "applicationdiscoveryservice": "applicationdiscovery",
    "configservice": "config",
    "costandusagereportservice": "costandusagereport",
    "databasemigrationservice": "databasemigration",
    "directoryservice": "directory",
    "elasticsearchservice": "elasticsearch",
    "iot1clickdevicesservice": "iot1clickdevices",
    "lexmodelbuildingservice": "lexmodelbuilding",
    "lexruntimeservice": "lexruntime",
    "marketplaceentitlementservice": "marketplaceentitlement",
    "transcribeservice": "transcribe",
}
# Where IAM's prefix of a service is not the name that its requests are signed with.
IAM_PREFIXES = {
    "awsssoportal": "sso",
    "cloudcontrolapi": "cloudformation",
    "iot-jobs-data": "iotjobsdata",
    "iotdata": "iot",
    "IoTSecuredTunneling": "iot",
    "monitoring": "cloudwatch",
    "mturk-requester": "mechanicalturk",
    "tagging": "tag",
}


def main() -> None:
    """Write both lists."""
    session = botocore.session.get_session()
    models = [session.get_service_model(name) for name in session.get_available_services()]
    _write(ACTIONS, {_service_name(model): _format_actions(model) for model in models})
    prefixes = {_service_name(model): IAM_PREFIXES.get(model.signing_name, model.signing_name) for model in models}
    _write(PREFIXES, {name: prefix for name, prefix in prefixes.items() if name != prefix})


def _write(target: Path, services: dict[str, str]) -> None:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(text)}" for name, text in sorted(services.items()))
    target.write_text(f"{{\n{lines}\n}}\n")


def _service_name(model: botocore.model.ServiceModel) -> str:
    plain = re.sub(r"[^a-z0-9]", "", model.service_id.lower())
    return JAVA_SDK_NAMES.get(plain, plain)


def _format_actions(model: botocore.model.ServiceModel) -> str:
    return " ".join(_format_action(model.operation_model(name)) for name in model.operation_names)


def _format_action(operation: botocore.model.OperationModel) -> str:
    shape = operation.input_shape
    needed = (
        [] if shape is None else [name for name in shape.required_members if not _is_generated(shape.members[name])]
    )
    name = operation.name[:1].lower() + operation.name[1:]
    return name + "".join(f"!{member[:1].upper()}{member[1:]}" for member in needed)


def _is_generated(member: botocore.model.Shape) -> bool:
    return bool(member.metadata.get("idempotencyToken"))


if __name__ == "__main__":
    main()
