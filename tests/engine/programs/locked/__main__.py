"""An audit bucket, locked and protected as its configuration says."""

import pulumi

from components import AuditBucket

config = pulumi.Config()
audit = AuditBucket(
    "audit",
    {
        "lock_mode": config.require("mode"),
        "lock_days": 1,
        "force_destroy": config.get_bool("force") or False,
        "protect": config.get_bool("protect") or False,
        "key_deletion_days": 7,
    },
)
pulumi.export("bucket", audit.bucket)
pulumi.export("key", audit.key)
