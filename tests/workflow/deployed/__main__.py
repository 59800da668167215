"""Deploy the resources of generated workflows into the embedded AWS: one function, and a role for machines."""

import json

import pulumi
import pulumi_aws as aws


def trust(service: str) -> str:
    """Return the trust policy that lets a service assume a role."""
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def may_invoke(arn: str) -> str:
    """Return the policy that lets machines invoke the function."""
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{arn}:*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


function = aws.lambda_.Function(
    "work",
    code=pulumi.AssetArchive({"work.py": pulumi.FileAsset("work.py")}),
    handler="work.handler",
    runtime="python3.13",
    role=aws.iam.Role("function", assume_role_policy=trust("lambda")).arn,
    publish=True,
)
machine = aws.iam.Role("machine", assume_role_policy=trust("states"))
aws.iam.RolePolicy("machine", role=machine.name, policy=function.arn.apply(may_invoke))
pulumi.export("function", function.qualified_arn)
pulumi.export("role", machine.arn)
