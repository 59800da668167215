"""Permissions as data: the owner of a resource writes the statement, a role is exactly the statements it was given.

A *grant* is the wire form of a list of policy statements: JSON text, so that it passes unharmed from one component to
another in any Pulumi language. `policy_of` joins grants to the one document of a role.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .deployment_context import Surroundings

Condition = Mapping[str, Mapping[str, pulumi.Input[str] | list[str]]]


class TooBroad(ValueError):
    """A statement allows more than this repository ever allows: every action, or everything without a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRole:
    """A role, and the policy that whoever takes on the role must wait for: AWS checks permissions when it creates."""

    arn: pulumi.Output[str]
    policy: pulumi.Resource


def statement(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    *,
    when: Condition | None = None,
    why_everywhere: str | None = None,
) -> pulumi.Output[str]:
    """Allow `actions` on `resources`, as a grant.

    The resource `*` is refused unless `why_everywhere` says why AWS offers no narrower scope.
    """
    if any("*" in action for action in actions):
        raise TooBroad(f"{sid}: an action is named in full, got {sorted(actions)}")
    if "*" in resources and not why_everywhere:
        raise TooBroad(f"{sid}: the resource '*' needs a reason (why_everywhere)")
    allowed = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return pulumi.Output.json_dumps([allowed | ({"Condition": when} if when else {})])


def joined(*grants: pulumi.Input[str]) -> pulumi.Output[str]:
    """Several grants as one."""
    return pulumi.Output.all(*grants).apply(lambda texts: json.dumps(_statements(texts)))


def policy_of(grants: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    """The policy document that allows what `grants` allow, and nothing else."""
    return pulumi.Output.all(*grants).apply(
        lambda texts: json.dumps({"Version": "2012-10-17", "Statement": _with_unique_sids(_statements(texts))})
    )


def service_role(
    name: str,
    service: str,
    grants: Sequence[pulumi.Input[str]],
    *,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
    boundary: pulumi.Input[str] | None = None,
    only_for: pulumi.Input[str] | None = None,
) -> ServiceRole:
    """A role that `service` takes on, with exactly `grants`; `only_for` is the pattern of ARNs it may act for."""
    role = aws.iam.Role(
        name,
        assume_role_policy=_trust(service, parent, only_for),
        permissions_boundary=boundary,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy", role=role.name, policy=policy_of(grants), opts=pulumi.ResourceOptions(parent=role)
    )
    return ServiceRole(arn=role.arn, policy=policy)


def _trust(service: str, parent: pulumi.Resource, only_for: pulumi.Input[str] | None) -> pulumi.Output[str]:
    trust: dict[str, object] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    if only_for is not None:
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": Surroundings.of(parent).account},
            "ArnLike": {"aws:SourceArn": only_for},
        }
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]})


def _statements(texts: Sequence[str]) -> list[dict[str, object]]:
    """All statements of `texts` once, in order; equal ones (two owners, one key) are one."""
    every: list[dict[str, object]] = [allowed for text in texts for allowed in json.loads(text)]
    return list({json.dumps(allowed, sort_keys=True): allowed for allowed in every}.values())


def _with_unique_sids(statements: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """A document must not repeat a Sid: the second `Invoke` becomes `Invoke2`."""
    times: Counter[object] = Counter()
    unique: list[dict[str, object]] = []
    for allowed in statements:
        sid = allowed.get("Sid")
        times[sid] += 1
        unique.append(allowed | {"Sid": f"{sid}{times[sid]}"} if sid and times[sid] > 1 else allowed)
    return unique
