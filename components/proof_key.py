"""A symmetric KMS key for MACs, with which an API proves the caller's identity to the functions behind it."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .aws.eventbridge import alert_on_key_changes
from .aws.iam import statement
from .aws.kms import add_alias, reserve_action
from .base import Arguments, Component, Shared, tags_of


class ProofKeyArgs(TypedDict):
    """Arguments of a key for MACs; every default is the strict one."""

    key_deletion_days: NotRequired[float]
    """Days during which the deletion of the key can be cancelled, 7 to 30. Default: 30."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that is notified when the key is disabled or deleted. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of its resources. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class ProofKey(Component):
    """A key (HMAC_256) that never leaves KMS, so that only those who may use it can make a valid MAC."""

    arn: pulumi.Output[str]
    """ARN of the key."""
    signgrant: pulumi.Output[str]
    """Permission to make MACs: policy statements as JSON."""
    verifygrant: pulumi.Output[str]
    """Permission to verify MACs: policy statements as JSON."""

    def __init__(self, name: str, args: ProofKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:ProofKey", name, args, opts)
        self._name = name
        arguments = Arguments("ProofKey", name, args, ProofKeyArgs)
        deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()
        self._key = aws.kms.Key(
            f"{name}-key",
            description="Proves to functions who calls the API",
            customer_master_key_spec="HMAC_256",
            key_usage="GENERATE_VERIFY_MAC",
            deletion_window_in_days=deletion_days,
            tags=tags_of(name, args.get("tags")),
            opts=pulumi.ResourceOptions(parent=self),
        )
        add_alias(f"{name}-key", self._key)
        self.arn = self._key.arn
        if topic := args.get("topic"):
            shared = Shared(parent=self, tags=tags_of(name, args.get("tags")), key=self.arn, topic=topic)
            alert_on_key_changes(f"{name}-key-changes", self.arn, shared)
        self.signgrant = statement("ProveCallers", ["kms:GenerateMac"], [self.arn])
        self.verifygrant = statement("VerifyCallers", ["kms:VerifyMac"], [self.arn])
        self.register_outputs({"arn": self.arn, "signgrant": self.signgrant, "verifygrant": self.verifygrant})

    def grant_sign(self) -> pulumi.Output[str]:
        """Return the permission to make MACs, `signgrant`."""
        return self.signgrant

    def grant_verify(self) -> pulumi.Output[str]:
        """Return the permission to verify MACs, `verifygrant`."""
        return self.verifygrant

    def reserve_for(self, role: pulumi.Input[str]) -> None:
        """Let only this role (an ARN) make MACs, even if policies of other principals allow it."""
        reserve_action(f"{self._name}-policy", self._key, "kms:GenerateMac", role, sid="OthersProveNothing")

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that makes or verifies proofs."""
        return {"BOOKING_PROOF_KEY": self.arn}
