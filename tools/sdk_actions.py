"""Write the actions allowed in `arn:aws:states:::aws-sdk:SERVICE:ACTION` and the IAM prefix of each SERVICE.

workflow/asl/sdk_actions.json has one line per service with its actions, each followed by its required arguments.
workflow/iam/iam_prefixes.json has the services whose IAM prefix differs from their name. Both come from
botocore; Step Functions names services as the AWS SDK for Java does. To update them:

    .venv/bin/python tools/sdk_actions.py
"""

import json
import re
from pathlib import Path

import botocore.session

WORKFLOW = Path(__file__).parents[1] / "workflow"
ACTIONS = WORKFLOW / "asl" / "sdk_actions.json"
PREFIXES = WORKFLOW / "iam" / "iam_prefixes.json"
# Services whose name in the Java SDK is not their id without spaces.
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
# Services whose IAM prefix is not the name that signs their requests.
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
    required = (
        [] if shape is None else [name for name in shape.required_members if not _is_generated(shape.members[name])]
    )
    name = operation.name[:1].lower() + operation.name[1:]
    return name + "".join(f"!{member[:1].upper()}{member[1:]}" for member in required)


def _is_generated(member: botocore.model.Shape) -> bool:
    return bool(member.metadata.get("idempotencyToken"))


if __name__ == "__main__":
    main()
