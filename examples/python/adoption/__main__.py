"""Adopts a table and a bucket that exist already: nothing is made anew, nothing that is in them is lost.

    pulumi config set table orders-2019 && pulumi config set bucket proofs-2019
    pulumi config set adopting true  && pulumi up     # takes them over as they are
    pulumi config set adopting false && pulumi up     # brings them to what the components make of theirs

A transform gives the two children the ids of what exists. While adopting, their own arguments are left aside, for the
engine refuses to import what differs from the program.
"""

import pulumi

from components import AuditBucket, OrderStore

config = pulumi.Config()
existing = {"orders-table": config.require("table"), "audit-bucket": config.require("bucket")}
names = {"orders-table": "name", "audit-bucket": "bucket"}


def adopt(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """The id of what exists for the child that is to be it, and its physical name for as long as it lives."""
    if args.name not in existing:
        return None
    as_it_is = ["*"] if config.get_bool("adopting") else []
    found = pulumi.ResourceOptions(import_=existing[args.name], ignore_changes=as_it_is)
    props = {**args.props, names[args.name]: existing[args.name]}
    return pulumi.ResourceTransformResult(props=props, opts=pulumi.ResourceOptions.merge(args.opts, found))


adopting = pulumi.ResourceOptions(transforms=[adopt])
orders = OrderStore("orders", {"protect": False, "deletion_protection": False, "key_deletion_days": 7}, adopting)
audit = AuditBucket("audit", {"lock_mode": "NONE", "protect": False, "key": orders.key}, adopting)

pulumi.export("table", orders.table)
pulumi.export("bucket", audit.bucket)
