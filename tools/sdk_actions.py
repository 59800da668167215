"""Writes workflow/checking/sdk_actions.json: which actions `arn:aws:states:::aws-sdk:SERVICE:ACTION` may name.

One line per service: its actions, each followed by the arguments it cannot do without. Taken from botocore, whose
services are those of the AWS SDK for Java, by whose names Step Functions knows them. To bring the list up to date:

    .venv/bin/python tools/sdk_actions.py
"""

import json
import re
from pathlib import Path

import botocore.session

TARGET = Path(__file__).parents[1] / "workflow" / "checking" / "sdk_actions.json"
# Where the Java SDK's name of a service is not its id without spaces.
NAMES = {
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


def main() -> None:
    """Write the list."""
    session = botocore.session.get_session()
    services = dict(sorted(_service(session.get_service_model(name)) for name in session.get_available_services()))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(actions)}" for name, actions in services.items())
    TARGET.write_text(f"{{\n{lines}\n}}\n")


def _service(model: botocore.model.ServiceModel) -> tuple[str, str]:
    plain = re.sub(r"[^a-z0-9]", "", model.service_id.lower())
    return NAMES.get(plain, plain), " ".join(_action(model.operation_model(name)) for name in model.operation_names)


def _action(operation: botocore.model.OperationModel) -> str:
    shape = operation.input_shape
    needed = [] if shape is None else [name for name in shape.required_members if not _filled_in(shape.members[name])]
    name = operation.name[:1].lower() + operation.name[1:]
    return name + "".join(f"!{member[:1].upper()}{member[1:]}" for member in needed)


def _filled_in(member: botocore.model.Shape) -> bool:
    return bool(member.metadata.get("idempotencyToken"))


if __name__ == "__main__":
    main()
