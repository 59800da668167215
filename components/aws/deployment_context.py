"""The partition, account and region that a component is deployed to."""

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from ..base import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentContext:
    """The partition, account and region of a component's children, from its provider."""

    partition: pulumi.Output[str]
    account: pulumi.Output[str]
    region: pulumi.Output[str]

    @classmethod
    def of(cls, parent: pulumi.Resource) -> Self:
        """Return the context of `parent`'s children, from their provider. A region of `parent` takes precedence."""
        options = pulumi.InvokeOptions(parent=parent)
        chosen = parent.chosen_region if isinstance(parent, Component) else None
        return cls(
            partition=aws.get_partition_output(opts=options).partition,
            account=aws.get_caller_identity_output(opts=options).account_id,
            region=aws.get_region_output(region=chosen, opts=options).region,
        )

    def arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """Return the ARN of `resource` (such as `stateMachine:*`) in this account and region."""
        return pulumi.Output.concat(
            "arn:", self.partition, ":", service, ":", self.region, ":", self.account, ":", resource
        )

    def account_root(self) -> pulumi.Output[str]:
        """Return the principal that stands for everyone in this account, so that its IAM policies decide."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::", self.account, ":root")

    def via(self, service: str) -> pulumi.Output[str]:
        """Return the value of `kms:ViaService` for requests that `service` makes on behalf of a caller."""
        return pulumi.Output.concat(service, ".", self.region, ".amazonaws.com")
