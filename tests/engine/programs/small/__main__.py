"""A dozen resources of many kinds, two of them without a name of their own: a KMS key and versions of a function."""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
key = aws.kms.Key("key", description="the key", deletion_window_in_days=7)
other_key = aws.kms.Key("other-key", description="the other key", deletion_window_in_days=7)
alias = aws.kms.Alias("alias", name=f"alias/{pulumi.get_stack()}-key", target_key_id=key.key_id)
tables = [
    aws.dynamodb.Table(
        f"table-{number}",
        billing_mode="PAY_PER_REQUEST",
        hash_key="pk",
        attributes=[aws.dynamodb.TableAttributeArgs(name="pk", type="S")],
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=key.arn),
        tags={"purpose": config.get("purpose") or "test"},
    )
    for number in range(2)
]
topic = aws.sns.Topic("topic", kms_master_key_id=other_key.arn)
queue = aws.sqs.Queue("queue", message_retention_seconds=config.get_int("retention") or 345600)
role = aws.iam.Role(
    "role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                }
            ],
        }
    ),
)
policy = aws.iam.RolePolicy(
    "policy",
    role=role.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": tables[0].arn}],
        }
    ),
)
function = aws.lambda_.Function(
    "function",
    role=role.arn,
    runtime="python3.13",
    handler="handler.handler",
    code=pulumi.AssetArchive({"handler.py": pulumi.FileAsset(str(Path(__file__).parent / "handler.py"))}),
    environment=aws.lambda_.FunctionEnvironmentArgs(variables={"TABLE": tables[0].name}),
    publish=True,
)
logs = aws.cloudwatch.LogGroup("logs", retention_in_days=7)
bucket = aws.s3.Bucket("bucket", force_destroy=True)
versioning = aws.s3.BucketVersioning(
    "versioning",
    bucket=bucket.bucket,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
)
pulumi.export("tables", [table.name for table in tables])
pulumi.export("function", function.name)
pulumi.export("key", key.key_id)
