"""An asymmetric KMS key that signs the seals of an audit trail."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .aws.eventbridge import alert_on_key_changes
from .aws.iam import statement
from .aws.kms import add_alias, reserve_action
from .base import Arguments, Component, Shared, tags_of


class SigningKeyArgs(TypedDict):
    """Arguments of a signing key; every default is the strict one."""

    key_deletion_days: NotRequired[float]
    """Days during which the deletion of the key can be cancelled, 7 to 30. Default: 30."""
    protect: NotRequired[bool]
    """Makes Pulumi refuse to delete or replace the key. Default: true."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that is notified when the key is disabled or deleted. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of its resources. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class SigningKey(Component):
    """A key (ECC_NIST_P256) that never leaves KMS, so that only those who may use it can sign."""

    arn: pulumi.Output[str]
    """ARN of the key."""
    signgrant: pulumi.Output[str]
    """Permission to sign: policy statements as JSON."""

    def __init__(self, name: str, args: SigningKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:SigningKey", name, args, opts)
        self._name = name
        arguments = Arguments("SigningKey", name, args, SigningKeyArgs)
        protected = arguments.boolean("protect", True)
        deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()
        self._key = aws.kms.Key(
            f"{name}-key",
            description="Signs the seals of the audit trail",
            customer_master_key_spec="ECC_NIST_P256",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=deletion_days,
            tags=tags_of(name, args.get("tags")),
            opts=pulumi.ResourceOptions(parent=self, protect=protected or None),
        )
        add_alias(f"{name}-key", self._key)
        self.arn = self._key.arn
        if topic := args.get("topic"):
            shared = Shared(parent=self, tags=tags_of(name, args.get("tags")), key=self.arn, topic=topic)
            alert_on_key_changes(f"{name}-key-changes", self.arn, shared)
        self.signgrant = statement("Sign", ["kms:Sign"], [self.arn])
        self.register_outputs({"arn": self.arn, "signgrant": self.signgrant})

    def grant_sign(self) -> pulumi.Output[str]:
        """Return the permission to sign, `signgrant`."""
        return self.signgrant

    def reserve_for(self, role: pulumi.Input[str]) -> None:
        """Let only this role (an ARN) sign, even if policies of other principals allow it."""
        reserve_action(f"{self._name}-policy", self._key, "kms:Sign", role, sid="OthersDoNotSign")

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of the function that seals."""
        return {"BOOKING_SEAL_KEY": self.arn}
