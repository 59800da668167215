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
        """Ask the provider of `parent`'s children; a region given to `parent` takes precedence."""
        asked = pulumi.InvokeOptions(parent=parent)
        chosen = parent.chosen_region if isinstance(parent, Component) else None
        return cls(
            partition=aws.get_partition_output(opts=asked).partition,
            account=aws.get_caller_identity_output(opts=asked).account_id,
            region=aws.get_region_output(region=chosen, opts=asked).region,
        )

    def arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """Return the ARN of `resource` (such as `stateMachine:*`) in this account and region."""
        return pulumi.Output.concat(
            "arn:", self.partition, ":", service, ":", self.region, ":", self.account, ":", resource
        )

    def account_root(self) -> pulumi.Output[str]:
        """Return the principal of everyone whom this account's IAM policies allow."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::", self.account, ":root")

    def via(self, service: str) -> pulumi.Output[str]:
        """Return the value of `kms:ViaService` for requests that `service` makes on behalf of a caller."""
        return pulumi.Output.concat(service, ".", self.region, ".amazonaws.com")
