"""What all parts of a stage share, and how a stage's choices become the arguments of each component."""

from collections.abc import Sequence
from functools import cached_property

import pulumi

from .audit_bucket import AuditBucketArgs
from .aws.alarms import AlertTopic, AlertTopicArgs
from .aws.dashboard import Row, dashboard
from .aws.deployment_context import Surroundings, tags_of
from .aws.kms import ACCESS_LOGS, ALARMS, EVENTS, LOG_DELIVERY, LOGS, encryption_key
from .base import Component
from .booking_state_machine import BookingStateMachine, BookingStateMachineArgs
from .business import business_alarms, business_charts
from .gateway import SandboxGatewayArgs
from .monitored_lambda import MonitoredLambda, MonitoredLambdaArgs
from .order_store import OrderStore, OrderStoreArgs
from .packaging import PackageFailed, handlers_package
from .signed_package import SignedPackage, SignedPackageArgs
from .stage import Stage

RECONCILE_SECONDS = 60


class Foundation(Component):
    """One key for what operating needs (logs, queues, alerts, environments), one topic, one package of code."""

    key: pulumi.Output[str]
    """ARN of the key for everything but orders and the audit trail."""
    topic: pulumi.Output[str]
    """ARN of the topic that alarms go to."""
    region: pulumi.Output[str]
    """Region that the stage is deployed to."""

    def __init__(self, name: str, stage: Stage, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:Foundation", name, {}, opts)
        self._stage = stage
        self._name = name
        self._tags: dict[str, pulumi.Input[str]] = {"cost-centre": stage.cost_centre}
        self.key = encryption_key(
            f"{name}-key",
            stage.key_arn or None,
            what=f"logs, queues, alerts and environments of {stage.name}",
            parent=self,
            tags=tags_of(name, self._tags),
            deletion_window_days=stage.key_deletion_days,
            services=(LOGS, LOG_DELIVERY, ALARMS, EVENTS, *([ACCESS_LOGS] if stage.code_signing else [])),
            protect=stage.deletion_protection,
        )
        self.topic = self._topic()
        for alarm in business_alarms(stage.name):
            alarm.raise_to(self.topic, name=f"{name}-{alarm.slug}", parent=self, tags=tags_of(name, self._tags))
        self.region = Surroundings.of(self).region
        self.register_outputs({"key": self.key, "topic": self.topic, "region": self.region})

    def order_store(self) -> OrderStoreArgs:
        """Arguments of the order store."""
        stage = self._stage
        args = OrderStoreArgs(
            topic=self.topic,
            deletion_protection=stage.deletion_protection,
            protect=stage.deletion_protection,
            point_in_time_days=stage.point_in_time_days,
            backup_days=stage.backup_days,
            backup_schedule=stage.backup_schedule,
            force_destroy=stage.force_destroy,
            key_deletion_days=stage.key_deletion_days,
            tags=self._tags,
        )
        if stage.key_arn:
            args["key"] = stage.key_arn
        if stage.permissions_boundary_arn:
            args["boundary"] = stage.permissions_boundary_arn
        return args

    def gateway(self) -> SandboxGatewayArgs:
        """Arguments of the sandbox gateway."""
        stage = self._stage
        args = SandboxGatewayArgs(
            key=self.key,
            topic=self.topic,
            deletion_protection=stage.deletion_protection,
            point_in_time_days=stage.point_in_time_days,
            backup_days=stage.backup_days,
            backup_schedule=stage.backup_schedule,
            force_destroy=stage.force_destroy,
            tags=self._tags,
        )
        if stage.permissions_boundary_arn:
            args["boundary"] = stage.permissions_boundary_arn
        return args

    def audit_bucket(self, *prefixes: str) -> AuditBucketArgs:
        """Arguments of the audit bucket, whose grants hold below `prefixes`."""
        stage = self._stage
        args = AuditBucketArgs(
            prefixes=list(prefixes),
            lock_mode=stage.audit_lock_mode,
            lock_days=stage.audit_lock_days,
            archive_days=stage.audit_archive_days,
            force_destroy=stage.force_destroy,
            protect=stage.deletion_protection,
            key_deletion_days=stage.key_deletion_days,
            tags=self._tags,
        )
        if stage.key_arn:
            args["key"] = stage.key_arn
        return args

    def function(
        self, name: str, environment: dict[str, pulumi.Input[str]], *grants: pulumi.Input[str]
    ) -> MonitoredLambdaArgs:
        """Arguments of the function `name` of our package: what it is told and what it may do."""
        stage = self._stage
        args = MonitoredLambdaArgs(
            handler=f"handlers.{name}.handler",
            grants=list(grants),
            environment=self._told | environment,
            architecture=stage.architecture,
            memory=stage.function_memory_mb,
            timeout=stage.function_timeout_seconds,
            concurrency=stage.function_concurrency,
            log_days=stage.log_retention_days,
            error_percent=stage.alarm_error_percent,
            key=self.key,
            topic=self.topic,
            tags=self._tags,
        )
        if stage.log_key_arn:
            args["logkey"] = stage.log_key_arn
        if stage.permissions_boundary_arn:
            args["boundary"] = stage.permissions_boundary_arn
        if stage.subnet_ids:
            args["subnets"] = list(stage.subnet_ids)
            args["securitygroups"] = list(stage.security_group_ids)
        self._load(args)
        return args

    def scheduled_function(
        self, name: str, environment: dict[str, pulumi.Input[str]], *grants: pulumi.Input[str]
    ) -> MonitoredLambdaArgs:
        """Arguments of a function that runs by the stage's reconcile schedule, longer and two at a time at most."""
        args = self.function(name, environment, *grants)
        args["schedule"] = self._stage.reconcile_schedule
        args["schedule_input"] = '{"schema": 1, "recent_seconds": 7200}'
        args["timeout"] = max(RECONCILE_SECONDS, self._stage.function_timeout_seconds)
        args["concurrency"] = 2
        return args

    def machine(self, **functions: pulumi.Input[str]) -> BookingStateMachineArgs:
        """Arguments of the booking machine, which invokes `functions` (ARNs of published versions)."""
        stage = self._stage
        args = BookingStateMachineArgs(
            functions=functions,
            express=stage.workflow_type == "EXPRESS",
            log_data=stage.log_execution_data,
            log_days=stage.log_retention_days,
            task_seconds=stage.task_timeout_seconds,
            execution_seconds=stage.execution_timeout_seconds,
            p99_seconds=stage.alarm_p99_seconds,
            key=self.key,
            topic=self.topic,
            tags=self._tags,
        )
        if stage.log_key_arn:
            args["logkey"] = stage.log_key_arn
        if stage.permissions_boundary_arn:
            args["boundary"] = stage.permissions_boundary_arn
        if stage.starter_role:
            args["starter"] = stage.starter_role
        return args

    def dashboard(
        self,
        machine: BookingStateMachine,
        orders: OrderStore,
        *functions: MonitoredLambda,
        beside: Sequence[Component] = (),
    ) -> pulumi.Output[str]:
        """The name of the dashboard that shows these parts; `beside` them are those that have no chart.

        It is made after all of them and would be deleted before them. So where it is protected `pulumi destroy` meets
        it first, and ends there: without it, whatever is not protected itself would be gone by then.
        """
        rows = [
            Row("Business", business_charts(self._stage.name)),
            Row("Workflow", machine.charts()),
            Row("Functions", [chart for function in functions for chart in function.charts()]),
            Row("Store", orders.charts()),
        ]
        seal = pulumi.ResourceOptions(
            parent=self,
            protect=self._stage.deletion_protection or None,
            depends_on=[each for part in (self, machine, orders, *functions, *beside) for each in part.below[1:]],
        )
        return dashboard(f"{self._name}-dashboard", rows, region=self.region, opts=seal)

    def _topic(self) -> pulumi.Output[str]:
        stage = self._stage
        if stage.alert_topic_arn:
            return pulumi.Output.from_input(stage.alert_topic_arn)
        args = AlertTopicArgs(key=self.key, email=stage.alert_email, tags=self._tags)
        return AlertTopic(f"{self._name}-alerts", args, pulumi.ResourceOptions(parent=self)).arn

    def _load(self, args: MonitoredLambdaArgs) -> None:
        if isinstance(self._code, SignedPackage):
            args["code_bucket"], args["code_key"] = self._code.bucket, self._code.file
            args["code_signing"] = self._code.signing
        else:
            args["code"] = self._code

    @cached_property
    def _code(self) -> pulumi.FileArchive | SignedPackage:
        """The package of our functions, as it is or signed."""
        try:
            package = str(handlers_package(self._stage.architecture))
        except PackageFailed as failure:
            raise pulumi.RunError(str(failure)) from failure
        if not self._stage.code_signing:
            return pulumi.FileArchive(package)
        return SignedPackage(f"{self._name}-code", self._to_sign(package), pulumi.ResourceOptions(parent=self))

    def _to_sign(self, package: str) -> SignedPackageArgs:
        """Its buckets can go whenever it is no longer signed: a package can be made again from its commit."""
        return SignedPackageArgs(package=pulumi.FileAsset(package), key=self.key, force_destroy=True, tags=self._tags)

    @property
    def _told(self) -> dict[str, pulumi.Input[str]]:
        """What every function is told."""
        return {
            "BOOKING_STAGE": self._stage.name,
            "BOOKING_SDK_TIMEOUT_SECONDS": str(self._stage.sdk_timeout_seconds),
        }
