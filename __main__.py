"""The booking system as it is deployed: what there is, who may do what, and what is told to whom."""

import pulumi

from components import AuditBucket, BookingStateMachine, Foundation, MonitoredLambda, OrderStore, SandboxGateway, Stage

stage = Stage.load()
base = Foundation("base", stage)

orders = OrderStore("orders", base.order_store())
gateway = SandboxGateway("gateway", base.gateway())
audit = AuditBucket("audit", base.audit_bucket("outcomes/", "refusals/"))

purchase = MonitoredLambda(
    "purchase",
    base.function(
        "purchase",
        grants=[orders.grant_book(), gateway.grant_pay()],
        environment=orders.environment | gateway.environment | stage.refund_policy,
    ),
)
refund = MonitoredLambda(
    "refund",
    base.function(
        "refund",
        grants=[orders.grant_refund(), gateway.grant_pay()],
        environment=orders.environment | gateway.environment,
    ),
)
record = MonitoredLambda(
    "record",
    base.function(
        "record",
        grants=[orders.grant_read(), audit.grant_write()],
        environment=orders.environment | audit.environment,
    ),
)
machine = BookingStateMachine(
    "booking", base.machine(purchase=purchase.version, refund=refund.version, record=record.version)
)
reconcile = MonitoredLambda(
    "reconcile",
    base.scheduled_function(
        "reconcile",
        grants=[orders.grant_reconcile(), gateway.grant_pay(), audit.grant_reconcile(), machine.grant_drain()],
        environment=orders.environment | gateway.environment | audit.environment | machine.environment,
    ),
)

pulumi.export("stage", stage.name)
pulumi.export("region", base.region)
pulumi.export("stateMachineArn", machine.arn)
pulumi.export("ordersTable", orders.table)
pulumi.export("gatewayTable", gateway.table)
pulumi.export("auditBucket", audit.bucket)
pulumi.export("purchaseFunction", purchase.function)
pulumi.export("refundFunction", refund.function)
pulumi.export("recordFunction", record.function)
pulumi.export("reconcileFunction", reconcile.function)
pulumi.export("parkingQueueUrl", machine.parking)
pulumi.export("alertTopicArn", base.topic)
pulumi.export("dashboardName", base.dashboard(machine, orders, purchase, refund, record, reconcile))
