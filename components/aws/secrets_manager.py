"""Existing secrets: their ARNs, and the permission to read one."""

from typing import Final

import pulumi

from .iam import join, statement

SECRET_ARN: Final = r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+"  # noqa: S105 - a pattern


def grant_read_secret(secret: pulumi.Input[str], sid: str) -> pulumi.Output[str]:
    """Allow reading one secret, and decrypting it if a customer-managed key of its account encrypts it.

    The key is not known here, so decryption is allowed only through Secrets Manager and only for this secret, whose ARN
    Secrets Manager puts into the encryption context.
    """
    arn = pulumi.Output.from_input(secret)
    keys = arn.apply(lambda text: ":".join([*text.split(":")[:2], "kms", *text.split(":")[3:5], "key/*"]))
    service = arn.apply(lambda text: f"secretsmanager.{text.split(':')[3]}.amazonaws.com")
    through = {"kms:EncryptionContext:SecretARN": arn, "kms:ViaService": service}
    return join(
        statement(sid, ["secretsmanager:GetSecretValue"], [arn]),
        statement(f"{sid}Key", ["kms:Decrypt"], [keys], when={"StringEquals": through}),
    )
