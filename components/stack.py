"""The resources that all components of a stage share, and the arguments of each component from the stage's keys.

Longer than 250 lines so that the mapping from a stage's keys to arguments is in one class.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import pulumi

from handlers.contracts.storage import ORDERS, SEALS_PREFIX, order_key

from .alert_topic import AlertTopic, AlertTopicArgs
from .audit_bucket import AuditBucket, AuditBucketArgs
from .aws.alarms import create_alarms
from .aws.dashboard import Row, create_dashboard
from .aws.deployment_context import DeploymentContext
from .aws.eventbridge import alert_on_key_changes, max_gap_minutes
from .aws.iam import statement
from .aws.kms import ACCESS_LOGS, LOG_DELIVERY, LOGS, encryption_key
from .base import Component, Shared, tags_of
from .booking_api import BookingApi, BookingApiArgs
from .booking_state_machine import BookingStateMachine, BookingStateMachineArgs
from .business import business_alarms, business_charts
from .gateway import SandboxGateway, SandboxGatewayArgs
from .gateway_events import GatewayEvents, GatewayEventsArgs
from .monitored_lambda import MonitoredLambda, MonitoredLambdaArgs
from .order_events import OrderEvents, OrderEventsArgs
from .order_store import OrderStore, OrderStoreArgs
from .packaging import PackageFailed, handlers_package
from .proof_key import ProofKey, ProofKeyArgs
from .signed_package import SignedPackage, SignedPackageArgs
from .signing_key import SigningKeyArgs
from .stage import Stage
from .stripe_gateway import StripeGateway, StripeGatewayArgs

RECONCILE_SECONDS = 60
API_SECONDS = 29  # API Gateway waits 30 s for an integration
SEAL_SECONDS = 900
PUBLISH_SECONDS = 60

ORDER_RECORDS = json.dumps({"dynamodb": {"Keys": {ORDERS.hash_key: {"S": [{"prefix": order_key("")}]}}}})
"""Pattern of the records of the table's stream that are changes of orders, not of stock."""


Args = TypeVar("Args", OrderStoreArgs, SandboxGatewayArgs, MonitoredLambdaArgs, BookingStateMachineArgs)
KeyedArgs = TypeVar(
    "KeyedArgs",
    OrderStoreArgs,
    SandboxGatewayArgs,
    MonitoredLambdaArgs,
    BookingStateMachineArgs,
    OrderEventsArgs,
    AuditBucketArgs,
    BookingApiArgs,
)
LoggedArgs = TypeVar("LoggedArgs", MonitoredLambdaArgs, BookingStateMachineArgs, BookingApiArgs)


def heartbeat_minutes(schedule: str) -> int:
    """Return the minutes without a finished run after which a schedule counts as broken: two runs, or an hour late."""
    gap = max_gap_minutes(schedule)
    return max(15, gap + min(2 * gap, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealCopy:
    environment: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    grants: tuple[pulumi.Output[str], ...] = ()


def _empty_output() -> pulumi.Output[str]:
    return pulumi.Output.from_input("")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOrders:
    """The publisher of order events; empty if the stage publishes none."""

    bus: pulumi.Output[str] = field(default_factory=_empty_output)
    """Name of the bus."""
    archive: pulumi.Output[str] = field(default_factory=_empty_output)
    """ARN of the archive."""
    function: pulumi.Output[str] = field(default_factory=_empty_output)
    """Name of the function that publishes."""
    functions: tuple[MonitoredLambda, ...] = ()
    buses: tuple[OrderEvents, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenCallers:
    """The key that proves the API's callers to the functions behind it; empty if the stage has no API."""

    environment: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Environment variables of a function that makes or verifies proofs."""
    verify_grants: tuple[pulumi.Output[str], ...] = ()
    keys: tuple[ProofKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedApi:
    """The API and the function that answers it; empty if the stage has no API."""

    url: pulumi.Output[str] = field(default_factory=_empty_output)
    """Address of the API."""
    function: pulumi.Output[str] = field(default_factory=_empty_output)
    """Name of the function that answers."""
    parts: tuple[MonitoredLambda | BookingApi, ...] = ()


class Foundation(Component):
    """One key for operations (logs, queues, environments), one alert topic and one package of code."""

    key: pulumi.Output[str]
    """ARN of the key for everything except orders and the audit trail."""
    topic: pulumi.Output[str]
    """ARN of the topic that alarms notify."""
    region: pulumi.Output[str]
    """AWS region that the stage is deployed to."""

    def __init__(self, name: str, stage: Stage, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:Foundation", name, {}, opts)
        self._stage = stage
        self._name = name
        self._tags: dict[str, pulumi.Input[str]] = {"cost-centre": stage.cost_centre}
        self.key = encryption_key(
            f"{name}-key",
            stage.key_arn or None,
            encrypts=f"logs, queues and environments of {stage.name}",
            parent=self,
            tags=tags_of(name, self._tags),
            deletion_window_days=stage.key_deletion_days,
            services=(LOGS, LOG_DELIVERY, *([ACCESS_LOGS] if stage.code_signing else [])),
            protect=stage.deletion_protection,
        )
        self.topic = self._topic()
        shared = Shared(parent=self, tags=tags_of(name, self._tags), key=self.key, topic=self.topic)
        if not stage.key_arn:
            alert_on_key_changes(f"{name}-key-changes", self.key, shared)
        create_alarms(name, shared, business_alarms(stage.name))
        self.region = DeploymentContext.of(self).region
        self.register_outputs({"key": self.key, "topic": self.topic, "region": self.region})

    def order_store(self) -> OrderStoreArgs:
        """Return the arguments of the order store."""
        stage = self._stage
        args = OrderStoreArgs(
            deletion_protection=stage.deletion_protection,
            protect=stage.deletion_protection,
            point_in_time_days=stage.point_in_time_days,
            backup_days=stage.backup_days,
            backup_schedule=stage.backup_schedule,
            force_destroy=stage.force_destroy,
            key_deletion_days=stage.key_deletion_days,
            stream=stage.order_events,
        )
        return self._add_shared(args, stage.key_arn or None)

    def publish_events(self, orders: OrderStore) -> PublishedOrders:
        """Create the bus of the order events and the function that publishes to it, if the stage has them."""
        if not self._stage.order_events:
            return PublishedOrders()
        events = OrderEvents("events", self._order_events())
        publish = MonitoredLambda("publish", self._publishing_function(orders, events))
        return PublishedOrders(
            bus=events.bus, archive=events.archive, function=publish.function, functions=(publish,), buses=(events,)
        )

    def _order_events(self) -> OrderEventsArgs:
        stage = self._stage
        args = OrderEventsArgs(archive_days=stage.event_archive_days, key_deletion_days=stage.key_deletion_days)
        return self._add_key(args, stage.key_arn or None)

    def _publishing_function(self, orders: OrderStore, events: OrderEvents) -> MonitoredLambdaArgs:
        args = self.function("publish", events.environment, orders.grant_stream(), events.grant_publish())
        args["stream"], args["stream_pattern"] = orders.stream, ORDER_RECORDS
        args["timeout"] = max(PUBLISH_SECONDS, self._stage.function_timeout_seconds)
        args["concurrency"] = min(10, self._stage.function_concurrency)
        return args

    def gateway(self) -> SandboxGatewayArgs:
        """Return the arguments of the sandbox gateway."""
        stage = self._stage
        args = SandboxGatewayArgs(
            deletion_protection=stage.deletion_protection,
            point_in_time_days=stage.point_in_time_days,
            backup_days=stage.backup_days,
            backup_schedule=stage.backup_schedule,
            force_destroy=stage.force_destroy,
        )
        return self._add_shared(args, self.key)

    def payment_gateway(self, name: str) -> SandboxGateway | StripeGateway:
        """Create the payment gateway that the stage names."""
        stage = self._stage
        if stage.gateway == "sandbox":
            return SandboxGateway(name, self.gateway())
        args = StripeGatewayArgs(secret=stage.stripe_secret_arn, mode=stage.stripe_mode)
        if stage.stripe_endpoint:
            args["endpoint"] = stage.stripe_endpoint
        return StripeGateway(name, args)

    def gateway_events(self, name: str) -> list[GatewayEvents]:
        """Create the endpoint of the gateway's webhooks, if the stage names their signing secret."""
        stage = self._stage
        if not stage.has_webhooks:
            return []
        function = self.function("gateway_events", {})
        function["concurrency"] = min(10, stage.function_concurrency)
        args = GatewayEventsArgs(
            **function,  # type: ignore[typeddict-item]  # all its keys are known there
            secret=stage.stripe_webhook_secret_arn,
            mode=stage.stripe_mode,
        )
        return [GatewayEvents(name, args)]

    def deliver_notices(self, webhooks: Sequence[GatewayEvents], consumer: MonitoredLambda) -> None:
        """Let a function consume the orders that the webhooks queue, and export the webhooks' address."""
        for each in webhooks:
            each.deliver_to(consumer)
            pulumi.export("webhookUrl", each.url)

    def audit_bucket(self, *prefixes: str) -> AuditBucketArgs:
        """Return the arguments of the audit bucket, whose grants cover `prefixes`."""
        stage = self._stage
        args = AuditBucketArgs(
            prefixes=list(prefixes),
            lock_mode=stage.audit_lock_mode,
            lock_days=stage.audit_lock_days,
            force_destroy=stage.force_destroy,
            protect=stage.deletion_protection,
            key_deletion_days=stage.key_deletion_days,
        )
        return self._add_key(args, stage.key_arn or None)

    def function(
        self, name: str, environment: dict[str, pulumi.Input[str]], *grants: pulumi.Input[str]
    ) -> MonitoredLambdaArgs:
        """Return the arguments of the function `name` of our package: its environment and its permissions."""
        stage = self._stage
        args = MonitoredLambdaArgs(
            handler=f"handlers.{name}.handler",
            grants=list(grants),
            environment=self._common_environment | environment,
            architecture=stage.architecture,
            memory=stage.function_memory_mb,
            timeout=stage.function_timeout_seconds,
            concurrency=stage.function_concurrency,
            error_percent=stage.alarm_error_percent,
        )
        if stage.subnet_ids:
            args["subnets"] = list(stage.subnet_ids)
            args["securitygroups"] = list(stage.security_group_ids)
        self._add_code(args)
        return self._add_shared(self._add_log(args), self.key)

    def scheduled_function(
        self, name: str, environment: dict[str, pulumi.Input[str]], *grants: pulumi.Input[str]
    ) -> MonitoredLambdaArgs:
        """Return the arguments of a function on the reconcile schedule, which may run longer and twice concurrently."""
        args = self.function(name, environment, *grants)
        args["schedule"] = self._stage.reconcile_schedule
        args["schedule_input"] = '{"schema": 1, "recent_seconds": 7200}'
        args["timeout"] = max(RECONCILE_SECONDS, self._stage.function_timeout_seconds)
        args["concurrency"] = min(2, self._stage.function_concurrency)
        args["heartbeat_minutes"] = heartbeat_minutes(self._stage.reconcile_schedule)
        return args

    def prove_callers(self) -> ProvenCallers:
        """Create the key with which the API proves callers to the functions behind it, if the stage has an API."""
        stage = self._stage
        if not stage.api_issuer:
            return ProvenCallers()
        args = ProofKeyArgs(topic=self.topic, key_deletion_days=stage.key_deletion_days, tags=self._tags)
        key = ProofKey("proofs", args)
        return ProvenCallers(environment=key.environment, verify_grants=(key.grant_verify(),), keys=(key,))

    def serve_api(
        self,
        proofs: ProvenCallers,
        orders: OrderStore,
        gateway: SandboxGateway | StripeGateway,
        audit: AuditBucket,
        machine: BookingStateMachine,
    ) -> ServedApi:
        """Create the API and the function that answers it, which alone may prove callers, if the stage has an API."""
        if not proofs.keys:
            return ServedApi()
        environment = orders.environment | gateway.environment | audit.environment
        environment |= machine.start_environment | proofs.environment
        grants = (orders.grant_browse(), gateway.grant_show(), audit.grant_lookup(), machine.grant_run())
        signing = (key.grant_sign() for key in proofs.keys)
        answer = MonitoredLambda("answer", self._answering_function(environment, *grants, *signing))
        for key in proofs.keys:
            key.reserve_for(answer.role)
        api = BookingApi("api", self._api(answer.alias))
        return ServedApi(url=api.url, function=answer.function, parts=(answer, api))

    def _answering_function(
        self, environment: dict[str, pulumi.Input[str]], *grants: pulumi.Input[str]
    ) -> MonitoredLambdaArgs:
        """Return the arguments of the function that answers calls, which may wait for results."""
        stage = self._stage
        express = stage.workflow_type == "EXPRESS"
        api_environment: dict[str, pulumi.Input[str]] = {
            "BOOKING_WORKFLOW_TYPE": stage.workflow_type,
            **stage.token_policy,
            "BOOKING_API_WAIT_SECONDS": str(stage.api_wait_seconds),
        }
        sdk_timeout: dict[str, pulumi.Input[str]] = {"BOOKING_SDK_TIMEOUT_SECONDS": "60"} if express else {}
        args = self.function("api", api_environment | environment | sdk_timeout, *grants)
        args["timeout"] = API_SECONDS
        return args

    def _api(self, function: pulumi.Input[str]) -> BookingApiArgs:
        """Return the arguments of the API, which `function` (an ARN) answers."""
        stage = self._stage
        args = BookingApiArgs(
            function=function,
            issuer=stage.api_issuer,
            audiences=list(stage.api_audiences),
            rate=stage.api_requests_per_second,
            burst=2 * stage.api_requests_per_second,
            error_percent=stage.alarm_error_percent,
        )
        if stage.api_cors_origins:
            args["origins"] = list(stage.api_cors_origins)
        return self._add_log(self._add_key(args, self.key))

    def signing_key(self) -> SigningKeyArgs:
        """Return the arguments of the key that signs seals."""
        stage = self._stage
        return SigningKeyArgs(
            topic=self.topic,
            key_deletion_days=stage.key_deletion_days,
            protect=stage.deletion_protection,
            tags=self._tags,
        )

    def sealing_function(
        self, environment: dict[str, pulumi.Input[str]], *grants: pulumi.Input[str]
    ) -> MonitoredLambdaArgs:
        """Return the arguments of the function that seals the audit trail, every hour and one at a time.

        Hourly, so that a run that fails or runs out of time is followed by others before the heartbeat alarm fires. A
        run with nothing to seal makes two requests.
        """
        copied = self._seal_copy()
        args = self.function("seal", environment | copied.environment, *grants, *copied.grants)
        args["schedule"] = "rate(1 hour)"
        args["timeout"] = SEAL_SECONDS
        args["concurrency"] = min(1, self._stage.function_concurrency)
        return args

    def _seal_copy(self) -> "_SealCopy":
        """Return the arguments with which the sealing function copies seals to another account, if configured."""
        bucket = self._stage.seal_copy_bucket
        if not bucket:
            return _SealCopy()
        objects = pulumi.Output.concat("arn:", DeploymentContext.of(self).partition, f":s3:::{bucket}/{SEALS_PREFIX}*")
        return _SealCopy(
            environment={"BOOKING_SEAL_COPY_BUCKET": bucket},
            grants=(statement("CopySeals", ["s3:PutObject"], [objects]),),
        )

    def machine(self, **functions: pulumi.Input[str]) -> BookingStateMachineArgs:
        """Return the arguments of the booking machine, which invokes `functions` (ARNs of published versions)."""
        stage = self._stage
        args = BookingStateMachineArgs(
            functions=functions,
            express=stage.workflow_type == "EXPRESS",
            log_data=stage.log_execution_data,
            task_seconds=stage.task_timeout_seconds,
            execution_seconds=stage.execution_timeout_seconds,
            p99_seconds=stage.alarm_p99_seconds,
        )
        if stage.starter_role:
            args["starter"] = stage.starter_role
        return self._add_shared(self._add_log(args), self.key)

    def dashboard(
        self,
        machine: BookingStateMachine,
        orders: OrderStore,
        functions: Sequence[MonitoredLambda | GatewayEvents | BookingApi],
        *,
        without_charts: Sequence[Component] = (),
    ) -> pulumi.Output[str]:
        """Create the dashboard of these components and return its name; those in `without_charts` have none on it.

        The dashboard is created after all of them, so `pulumi destroy` begins with it. If it is protected, the command
        stops there instead of deleting everything that is not protected itself.
        """
        rows = [
            Row("Business", business_charts(self._stage.name)),
            Row("Workflow", machine.charts()),
            Row("Functions", [chart for function in functions for chart in function.charts()]),
            Row("Store", orders.charts()),
        ]
        last = pulumi.ResourceOptions(
            parent=self,
            protect=self._stage.deletion_protection or None,
            depends_on=[
                each for part in (self, machine, orders, *functions, *without_charts) for each in part.descendants[1:]
            ],
        )
        return create_dashboard(f"{self._name}-dashboard", rows, region=self.region, opts=last)

    def _topic(self) -> pulumi.Output[str]:
        """Return the alert topic. It has a key of its own: a lost key must not silence the alert about its loss."""
        stage = self._stage
        if stage.alert_topic_arn:
            return pulumi.Output.from_input(stage.alert_topic_arn)
        args = AlertTopicArgs(email=stage.alert_email, key_deletion_days=stage.key_deletion_days, tags=self._tags)
        if stage.key_arn:
            args["key"] = stage.key_arn
        return AlertTopic(f"{self._name}-alerts", args, pulumi.ResourceOptions(parent=self)).arn

    def _add_shared(self, args: Args, key: pulumi.Input[str] | None) -> Args:
        """Add the arguments of a component with roles: those of `_add_key`, and the permissions boundary."""
        args = self._add_key(args, key)
        if self._stage.permissions_boundary_arn:
            args["boundary"] = self._stage.permissions_boundary_arn
        return args

    def _add_key(self, args: KeyedArgs, key: pulumi.Input[str] | None) -> KeyedArgs:
        """Add topic, tags and key; without a key the component creates its own."""
        args["topic"], args["tags"] = self.topic, self._tags
        if key is not None:
            args["key"] = key
        return args

    def _add_log(self, args: LoggedArgs) -> LoggedArgs:
        args["log_days"] = self._stage.log_retention_days
        if self._stage.log_key_arn:
            args["logkey"] = self._stage.log_key_arn
        return args

    def _add_code(self, args: MonitoredLambdaArgs) -> None:
        if isinstance(self._code, SignedPackage):
            args["code_bucket"], args["code_key"] = self._code.bucket, self._code.file
            args["code_signing"] = self._code.signing
        else:
            args["code"] = self._code

    @cached_property
    def _code(self) -> pulumi.FileArchive | SignedPackage:
        """The package of our functions, plain or signed."""
        try:
            package = str(handlers_package(self._stage.architecture))
        except PackageFailed as failure:
            raise pulumi.RunError(str(failure)) from failure
        if not self._stage.code_signing:
            return pulumi.FileArchive(package)
        return SignedPackage(f"{self._name}-code", self._signed_package(package), pulumi.ResourceOptions(parent=self))

    def _signed_package(self, package: str) -> SignedPackageArgs:
        """Return arguments that let its buckets be deleted, because a package can be rebuilt from its commit."""
        return SignedPackageArgs(
            package=pulumi.FileAsset(package), key=self.key, topic=self.topic, force_destroy=True, tags=self._tags
        )

    @property
    def _common_environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of every function."""
        return {
            "BOOKING_STAGE": self._stage.name,
            "BOOKING_SDK_TIMEOUT_SECONDS": str(self._stage.sdk_timeout_seconds),
        }
