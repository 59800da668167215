"""A platform team's program: the components with some children changed from outside, under names of the team's own.

`transforms` is the escape hatch: what a component has no argument for is said to the child itself, however deep it is.
With `prefix` the components get other names; with `aliased` too they say which names they had, and stay what they are.
"""

import json

import pulumi

from components import AuditBucket, BookingStateMachine, MonitoredLambda, OrderStore

OVERRIDES = {
    "orders-table-throttles": {"threshold": 5},  # a child: the alarm fires later
    "orders-alerts-key": {"rotationPeriodInDays": 180},  # a grandchild: the key of the store's own topic
    "points-dead-letters": {"messageRetentionSeconds": 86_400},
    "waiting-parking": {"visibilityTimeoutSeconds": 120},
    "proofs-lifecycle": {"rules": [{"id": "team", "status": "Enabled", "expiration": {"days": 40}}]},
}
NOTHING = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})

config = pulumi.Config()
prefix, aliased = config.get("prefix") or "", config.get_bool("aliased")


def override(child: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Override what the component says about this child with what the team says, and tag whatever takes tags."""
    tagged = {"tags": {**child.props["tags"], "reviewed-by": "platform"}} if "tags" in child.props else {}
    own = OVERRIDES.get(child.name, {})
    return pulumi.ResourceTransformResult({**child.props, **tagged, **own}, child.opts) if child.custom else None


def options(former: str) -> pulumi.ResourceOptions:
    """Return the escape hatch, and the former name of a renamed component."""
    aliases = [pulumi.Alias(name=former)] if aliased else []
    return pulumi.ResourceOptions(transforms=[override], aliases=aliases)


disposable = {"protect": False, "force_destroy": True, "key_deletion_days": 7}
orders = OrderStore(f"{prefix}orders", {**disposable, "deletion_protection": False}, options("orders"))
proofs = AuditBucket(f"{prefix}proofs", {**disposable, "lock_mode": "GOVERNANCE", "lock_days": 1}, options("proofs"))
code = pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context):\n    return event\n")})
points = MonitoredLambda(
    f"{prefix}points",
    {"code": code, "handler": "app.handler", "schedule": "rate(1 hour)", "key_deletion_days": 7},
    options("points"),
)
waiting = BookingStateMachine(
    f"{prefix}waiting",
    {"definition": NOTHING, "starter": config.get("starter") or "", "key_deletion_days": 7},
    options("waiting"),
)

pulumi.export("table", orders.table)
pulumi.export("key", orders.key)
pulumi.export("vault", orders.vault)
pulumi.export("bucket", proofs.bucket)
pulumi.export("function", points.function)
pulumi.export("queue", points.deadletters)
pulumi.export("machine", waiting.arn)
