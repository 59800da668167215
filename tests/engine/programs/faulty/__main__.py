"""Mistakes that people make, one at a time: the config key `fault` names the function to run."""

import pulumi
import pulumi_aws as aws

KEYS = [aws.dynamodb.TableAttributeArgs(name="pk", type="S")]


def use_unsupported_type() -> None:
    aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")


def use_unsupported_property() -> None:
    importing = aws.dynamodb.TableImportTableArgs(
        input_format="CSV", s3_bucket_source=aws.dynamodb.TableImportTableS3BucketSourceArgs(bucket="somewhere")
    )
    aws.dynamodb.Table("imported", hash_key="pk", attributes=KEYS, import_table=importing)


def call_unsupported_function() -> None:
    aws.ec2.get_vpc(id="vpc-1")


def refer_to_missing_function() -> None:
    aws.lambda_.Permission("allowed", action="lambda:InvokeFunction", function="nowhere", principal="s3.amazonaws.com")


def create_half() -> None:
    days = pulumi.Config().require_int("days")  # AWS knows 7 days and not 8, and says so after the group exists
    aws.cloudwatch.LogGroup("logs", retention_in_days=days)


def keep_secret() -> None:
    password = pulumi.Config().require_secret("password")
    aws.sqs.Queue("hidden", tags={"word": password})
    pulumi.export("password", password)


def reject_value() -> None:
    raise ValueError("booking:refundWindowDays is 4000, allowed is 0 to 3650 days")


def protect() -> None:
    aws.dynamodb.Table("kept", hash_key="pk", attributes=KEYS, billing_mode="PAY_PER_REQUEST",
                       opts=pulumi.ResourceOptions(protect=True))  # fmt: skip


def protect_in_aws() -> None:
    aws.dynamodb.Table(
        "kept", hash_key="pk", attributes=KEYS, billing_mode="PAY_PER_REQUEST", deletion_protection_enabled=True
    )


fault = pulumi.Config().get("fault")
if fault:
    globals()[fault]()
