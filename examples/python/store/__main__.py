"""A shop's own program: its service in a container keeps orders and proofs with two components, and no more of ours.

    python -m pip install stepbooking        # then: from stepbooking.components import …
    pulumi up -s dev

The service gets one role, which may do exactly what the two components grant it.
"""

import json

import pulumi
import pulumi_aws as aws

from components import AuditBucket, OrderStore, policy_of

disposable = pulumi.get_stack() == "dev"
tags = {"team": "shop"}

orders = OrderStore(
    "orders",
    {
        "deletion_protection": not disposable,
        "protect": not disposable,
        "force_destroy": disposable,
        "point_in_time_days": 7,
        "backup_days": 35,
        "tags": tags,
    },
)
audit = AuditBucket(
    "audit",
    {
        "key": orders.key,
        "prefixes": ["receipts/"],
        "lock_mode": "NONE" if disposable else "COMPLIANCE",
        "protect": not disposable,
        "force_destroy": disposable,
        "tags": tags,
    },
)

trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
service = aws.iam.Role(
    "service", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}), tags=tags
)
aws.iam.RolePolicy(
    "service-policy",
    role=service.name,
    policy=policy_of([orders.grant_book(), orders.grant_read(), audit.grant_write()]),
)

pulumi.export("table", orders.table)
pulumi.export("bucket", audit.bucket)
pulumi.export("serviceRole", service.arn)
