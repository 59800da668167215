"""Where a component is deployed to, and the tags that say whose it is."""

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from ..base import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The partition, account and region of a component's children: never spelled out, always asked for."""

    partition: pulumi.Output[str]
    account: pulumi.Output[str]
    region: pulumi.Output[str]

    @classmethod
    def of(cls, parent: pulumi.Resource) -> Self:
        """Ask the provider that `parent`'s children will use; a region that `parent` was given comes first."""
        asked = pulumi.InvokeOptions(parent=parent)
        chosen = parent.chosen_region if isinstance(parent, Component) else None
        return cls(
            partition=aws.get_partition_output(opts=asked).partition,
            account=aws.get_caller_identity_output(opts=asked).account_id,
            region=aws.get_region_output(region=chosen, opts=asked).region,
        )

    def arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """The ARN of `resource` (such as `stateMachine:*`) in this account and region."""
        return pulumi.Output.concat(
            "arn:", self.partition, ":", service, ":", self.region, ":", self.account, ":", resource
        )

    def account_root(self) -> pulumi.Output[str]:
        """The principal that stands for everybody whom this account's own IAM policies let in."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::", self.account, ":root")

    def via(self, service: str) -> pulumi.Output[str]:
        """The value of `kms:ViaService` for requests that `service` makes on somebody's behalf."""
        return pulumi.Output.concat(service, ".", self.region, ".amazonaws.com")


def tags_of(component: str, given: dict[str, pulumi.Input[str]] | None) -> dict[str, pulumi.Input[str]]:
    """Project, stage and component, and whatever the caller adds (such as `cost-centre`)."""
    own: dict[str, pulumi.Input[str]] = {
        "project": pulumi.get_project(),
        "stage": pulumi.get_stack(),
        "component": component,
    }
    return own | (given or {})
