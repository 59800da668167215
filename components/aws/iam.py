"""Permissions as data: the owner of a resource writes the statements, and a role gets exactly the grants passed to it.

A *grant* is a list of policy statements as JSON text, so that it passes unchanged from one component to another in any
Pulumi language. `policy_of` joins grants into the one policy document of a role.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from ..base import Shared
from .deployment_context import DeploymentContext

Condition = Mapping[str, Mapping[str, pulumi.Input[str] | list[str]]]


class TooBroad(ValueError):
    """A statement has an action with a wildcard, or every resource without a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRole:
    """A role and its policy, which must exist before a resource uses the role: AWS checks permissions at creation."""

    arn: pulumi.Output[str]
    policy: pulumi.Resource


def statement(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    when: Condition | None = None,
    wildcard_reason: str | None = None,
) -> pulumi.Output[str]:
    """Allow `actions` on `resources`, as a grant.

    Raises:
        TooBroad: an action has a wildcard, or a resource is `*` and `wildcard_reason` does not say why AWS offers no
            narrower scope.
    """
    if any("*" in action for action in actions):
        raise TooBroad(f"{sid}: actions must be named without wildcards, got {sorted(actions)}")
    if "*" in resources and not wildcard_reason:
        raise TooBroad(f"{sid}: resource '*' needs a reason; pass wildcard_reason")
    allowed = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return pulumi.Output.json_dumps([allowed | ({"Condition": when} if when else {})])


def join(*grants: pulumi.Input[str]) -> pulumi.Output[str]:
    """Join several grants into one."""
    return pulumi.Output.all(*grants).apply(lambda texts: json.dumps(_statements(texts)))


def policy_of(grants: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    """Return the policy document that allows exactly what `grants` allow."""
    return pulumi.Output.all(*grants).apply(
        lambda texts: json.dumps({"Version": "2012-10-17", "Statement": _with_unique_sids(_statements(texts))})
    )


def service_role(
    name: str,
    service: str,
    grants: Sequence[pulumi.Input[str]],
    shared: Shared,
    *,
    only_for: pulumi.Input[str] | None = None,
) -> ServiceRole:
    """Create a role for `service` with exactly `grants`; `only_for` is a pattern of the ARNs that it may act for."""
    role = aws.iam.Role(
        name,
        assume_role_policy=_trust(service, shared.parent, only_for),
        permissions_boundary=shared.boundary,
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent),
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy", role=role.name, policy=policy_of(grants), opts=pulumi.ResourceOptions(parent=role)
    )
    return ServiceRole(arn=role.arn, policy=policy)


def trace_grant(*, by_machine: bool = False) -> pulumi.Output[str]:
    """Allow writing traces; Step Functions fetches the sampling rules itself, Lambda does so for its functions."""
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"] if by_machine else []
    return statement(
        "Trace",
        ["xray:PutTelemetryRecords", "xray:PutTraceSegments", *sampling],
        ["*"],
        wildcard_reason="X-Ray has no resource-level scope for traces",
    )


def _trust(service: str, parent: pulumi.Resource, only_for: pulumi.Input[str] | None) -> pulumi.Output[str]:
    """Trust a service for this account only, and Step Functions for its own machines only.

    Lambda documents no such key for execution roles and needs none, because a function's role belongs to the function's
    account.
    """
    trust: dict[str, object] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    if service != "lambda":
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": DeploymentContext.of(parent).account}} | (
            {"ArnLike": {"aws:SourceArn": only_for}} if only_for is not None else {}
        )
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]})


def _statements(texts: Sequence[str]) -> list[dict[str, object]]:
    """Return the statements of all grants in order, without duplicates (two owners may grant the same key)."""
    every: list[dict[str, object]] = [allowed for text in texts for allowed in json.loads(text)]
    return list({json.dumps(allowed, sort_keys=True): allowed for allowed in every}.values())


def _with_unique_sids(statements: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Number repeated Sids, which a document must not contain: the second `Invoke` becomes `Invoke2`."""
    times: Counter[object] = Counter()
    unique: list[dict[str, object]] = []
    for allowed in statements:
        sid = allowed.get("Sid")
        times[sid] += 1
        unique.append(allowed | {"Sid": f"{sid}{times[sid]}"} if sid and times[sid] > 1 else allowed)
    return unique
