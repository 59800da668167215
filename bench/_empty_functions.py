"""A Pulumi program: a machine whose functions do nothing but return what those of another machine have returned.

`bench.embedded` gives it the definition, and a folder with a package for each function, as configuration.
"""

import json

import pulumi
import pulumi_aws as aws


def _document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _role(name: str, service: str) -> aws.iam.Role:
    trust = _document(Action="sts:AssumeRole", Principal={"Service": service})
    return aws.iam.Role(name, assume_role_policy=trust)


def _with_arns(definition: str, arns: dict[str, str]) -> str:
    for present, other in arns.items():
        definition = definition.replace(present, other)
    return definition


config = pulumi.Config()
packages: dict[str, str] = json.loads(config.require("packages"))
functions = {
    arn: aws.lambda_.Function(
        f"empty-{number}",
        code=pulumi.FileArchive(folder),
        handler="empty.handler",
        runtime="python3.13",
        role=_role(f"empty-{number}", "lambda.amazonaws.com").arn,
        publish=True,
        timeout=30,
    ).qualified_arn
    for number, (arn, folder) in enumerate(packages.items())
}
machine_role = _role("machine", "states.amazonaws.com")
aws.iam.RolePolicy("machine", role=machine_role.name, policy=_document(Action="lambda:InvokeFunction", Resource="*"))
machine = aws.sfn.StateMachine(
    "machine",
    role_arn=machine_role.arn,
    definition=pulumi.Output.all(**functions).apply(lambda arns: _with_arns(config.require("definition"), arns)),
)
pulumi.export("stateMachineArn", machine.arn)
