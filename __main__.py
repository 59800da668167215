"""The booking system's resources, permissions and exports."""

import pulumi

from components import (
    AuditBucket,
    BookingStateMachine,
    Foundation,
    MonitoredLambda,
    OrderStore,
    SigningKey,
    Stage,
)

stage = Stage.load()
base = Foundation("base", stage)

orders = OrderStore("orders", base.order_store())
gateway = base.payment_gateway("gateway")
webhooks = base.gateway_events("webhooks")
audit = AuditBucket("audit", base.audit_bucket("outcomes/", "refusals/"))

proofs = base.prove_callers()

money = orders.environment | gateway.environment
steps = money | proofs.environment
purchase = MonitoredLambda(
    "purchase",
    base.function(
        "purchase",
        steps | stage.refund_policy | stage.payment_policy,
        *(orders.grant_book(), gateway.grant_charge(), *proofs.verify_grants),
    ),
)
refund = MonitoredLambda(
    "refund",
    base.function(
        "refund", steps | stage.approval_policy, orders.grant_refund(), gateway.grant_refund(), *proofs.verify_grants
    ),
)
record = MonitoredLambda(
    "record",
    base.function("record", orders.environment | audit.environment, orders.grant_read(), audit.grant_write()),
)
machine = BookingStateMachine(
    "booking",
    base.machine(purchase=purchase.version, refund=refund.version, record=record.version),
)
reconcile = MonitoredLambda(
    "reconcile",
    base.scheduled_function(
        "reconcile",
        money | audit.environment | machine.environment,
        *(orders.grant_reconcile(), gateway.grant_fence(), audit.grant_reconcile(), machine.grant_drain()),
        *(each.grant_take() for each in webhooks),
    ),
)
seal_key = SigningKey("signing", base.signing_key())
seal = MonitoredLambda(
    "seal",
    base.sealing_function(audit.environment | seal_key.environment, audit.grant_seal(), seal_key.grant_sign()),
)
seal_key.reserve_for(seal.role)
base.deliver_notices(webhooks, reconcile)
events = base.publish_events(orders)
api = base.serve_api(proofs, orders, gateway, audit, machine)
dashboard = base.dashboard(
    machine,
    orders,
    (purchase, refund, record, reconcile, seal, *events.functions, *webhooks, *api.parts),
    without_charts=(gateway, audit, seal_key, *events.buses, *proofs.keys),
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
pulumi.export("sealFunction", seal.function)
pulumi.export("sealKeyArn", seal_key.arn)
pulumi.export("publishFunction", events.function)
pulumi.export("eventBus", events.bus)
pulumi.export("eventArchiveArn", events.archive)
pulumi.export("apiFunction", api.function)
pulumi.export("apiUrl", api.url)
pulumi.export("parkingQueueUrl", machine.parking)
pulumi.export("alertTopicArn", base.topic)
pulumi.export("dashboardName", dashboard)
