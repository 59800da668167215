"""The state machine, its role derived from its definition, its log, its parking queue and its alarms.

Long for its documented arguments, which are the schema that other languages see.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from workflow.booking import Booking

from .arguments import Arguments
from .aws.alarms import Metric, alert_topic
from .aws.dashboard import Chart
from .aws.deployment_context import Surroundings, tags_of
from .aws.eventbridge import tell_of_bad_ends
from .aws.iam import ServiceRole, joined, policy_of, service_role, statement
from .aws.kms import LOG_DELIVERY, LOGS, encryption_key
from .aws.logs import RETENTIONS, grant_deliver_logs, log_group
from .aws.machine_alarms import machine_alarms, machine_metric
from .aws.masking import FIELD, MOST_FIELDS, PERSONAL, mask
from .aws.sqs import grant_drain, grant_send, waiting_queue
from .aws.states import AnyWorkflow, definition_text, derived_grant, function_keys
from .aws.traces import trace_grant
from .base import Component
from .monitored_lambda import invoke_grant


class BookingStateMachineArgs(TypedDict):
    """What a state machine needs to know; every default is the strict one."""

    functions: NotRequired[dict[str, pulumi.Input[str]]]
    """Name to ARN of a published version, of each function that the definition invokes; the booking workflow invokes
    purchase, refund and record. Default: none."""
    definition: NotRequired[pulumi.Input[str]]
    """Definition in the Amazon States Language, as JSON text; the role may do what it names. Default: the booking
    workflow of this package, which invokes `functions`."""
    grants: NotRequired[list[pulumi.Input[str]]]
    """What the machine may do beyond what its definition names (a resource that is known from data only, say): policy
    statements as JSON. Default: nothing."""
    express: NotRequired[bool]
    """Whether executions are of type EXPRESS (at least once, five minutes) instead of STANDARD. A change makes a second
    machine beside the running one. Default: false."""
    log_data: NotRequired[bool]
    """Whether the log holds what executions are given and return, with the values of `masked` masked. Default: true.
    Another workflow than ours without `masked` has false: nobody has said what is personal in its data."""
    masked: NotRequired[list[str]]
    """Names of fields whose text the log does not show, 10 at most; card numbers and e-mail addresses never are shown.
    Default: customer_id, payment_method, reason and requested_by."""
    log_days: NotRequired[float]
    """Days for which logs are kept, one of the numbers that CloudWatch Logs knows. Default: 365."""
    task_seconds: NotRequired[float]
    """Seconds that one attempt of a task of the booking workflow may take, 2 to 900. Default: 20."""
    execution_seconds: NotRequired[float]
    """Seconds that an execution of the booking workflow may take, 10 to 86400. Default: 300."""
    p99_seconds: NotRequired[float]
    """Seconds within which 99 of 100 executions should end, 1 to 86400; an alarm rings above it. Default: 60."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for the definition, the parking queue and executions' data. Default: a key of its own."""
    logkey: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for logs, which CloudWatch Logs may use. Default: `key`."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms and failed executions go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of its role. Default: none."""
    starter: NotRequired[str]
    """Name of the IAM role that may start executions of this machine, and of no other. Default: nobody is let in."""
    key_deletion_days: NotRequired[float]
    """Days for which a deleted key of its own can be brought back, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of everything in it but roles, which have none. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags beyond project, stage and component. Default: none."""


class BookingStateMachine(Component):
    """A logged, traced and watched state machine that may do what its definition says and nothing else."""

    arn: pulumi.Output[str]
    """ARN of the state machine."""
    machine: pulumi.Output[str]
    """Name of the state machine."""
    role: pulumi.Output[str]
    """ARN of its role."""
    loggroup: pulumi.Output[str]
    """Name of its log group."""
    parking: pulumi.Output[str]
    """URL of the queue that takes results which could not be recorded."""
    drain: pulumi.Output[str]
    """Permission to take messages out of the parking queue: policy statements as JSON."""
    startgrant: pulumi.Output[str]
    """Permission to start executions of this machine and to see how they end: policy statements as JSON."""

    def __init__(
        self,
        name: str,
        args: BookingStateMachineArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        workflow: AnyWorkflow = Booking,
    ) -> None:
        """`workflow` is Python's way to give a definition: any class of the workflow language."""
        super().__init__("booking:index:BookingStateMachine", name, args, opts)
        self._name = name
        self._workflow = workflow
        self._check(args)
        self._tags = tags_of(name, args.get("tags"))
        self._choose_key_and_topic(args)
        self._create_parking_queue()
        self._create_log_group(args)
        role = self._create_role(args)
        machine = self._create_machine(args, role)
        self._hand_out_grants(machine)
        self._let_in(args.get("starter"))
        self._report_failures(machine)
        self._create_alarms(machine)
        self.register_outputs(
            {
                "arn": self.arn,
                "machine": self.machine,
                "role": self.role,
                "loggroup": self.loggroup,
                "parking": self.parking,
                "drain": self.drain,
                "startgrant": self.startgrant,
            }
        )

    def grant_start(self) -> pulumi.Output[str]:
        """To start executions of this machine and to see how they end: `startgrant`."""
        return self.startgrant

    def grant_drain(self) -> pulumi.Output[str]:
        """To take messages out of the parking queue: `drain`."""
        return self.drain

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """What a function needs to know to look after the parking queue."""
        return {"BOOKING_PARKING_QUEUE_URL": self.parking}

    def charts(self) -> list[Chart]:
        """What to look at when executions are in question."""
        ended = [self._metric(f"Executions{how}") for how in ("Succeeded", "Failed", "TimedOut", "Aborted")]
        return [
            Chart("Executions", [self._metric("ExecutionsStarted"), *ended]),
            Chart("Duration, ms", [self._metric("ExecutionTime", "p50"), self._metric("ExecutionTime", "p99")]),
            Chart("Throttled", [self._metric("ExecutionThrottled")]),
        ]

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return machine_metric(self.arn, name, statistic)

    def _check(self, args: BookingStateMachineArgs) -> None:
        given = Arguments("BookingStateMachine", self._name, args, BookingStateMachineArgs)
        self._express = given.flag("express", False)
        self._masked = given.words("masked", PERSONAL, MOST_FIELDS, FIELD, "names of fields")
        ours = "definition" not in args and self._workflow is Booking
        self._log_data = given.flag("log_data", True) and (ours or "masked" in args or "log_data" in args)
        self._log_days = given.one_of("log_days", 365, RETENTIONS, "days")
        self._task_seconds = given.whole("task_seconds", 20, 2, 900, "seconds")
        self._execution_seconds = given.whole("execution_seconds", 300, 10, 86_400, "seconds")
        self._p99_seconds = given.whole("p99_seconds", 60, 1, 86_400, "seconds")
        self._key_deletion_days = given.whole("key_deletion_days", 30, 7, 30, "days")
        if "definition" not in args:
            self._check_functions(given, set(args.get("functions", {})))
        if self._task_seconds >= self._execution_seconds:
            given.refuse(
                f"task_seconds: got {self._task_seconds}, "
                f"allowed is less than execution_seconds, {self._execution_seconds}"
            )
        given.check()

    def _check_functions(self, given: Arguments, named: set[str]) -> None:
        invoked = set(function_keys(self._workflow))
        name = self._workflow.__name__
        if missing := sorted(invoked - named):
            given.refuse(f"functions: {name} invokes {', '.join(missing)}, not given; or give a definition")
        if unknown := sorted(named - invoked):
            given.refuse(f"functions: got {', '.join(unknown)}, {name} invokes only {', '.join(sorted(invoked))}")

    def _choose_key_and_topic(self, args: BookingStateMachineArgs) -> None:
        self._key = encryption_key(
            f"{self._name}-key",
            args.get("key"),
            what=f"definition, logs and parked results of {self._name}",
            parent=self,
            tags=self._tags,
            deletion_window_days=self._key_deletion_days,
            services=(LOGS, LOG_DELIVERY),
        )
        self._topic = alert_topic(
            f"{self._name}-alerts",
            args.get("topic"),
            parent=self,
            tags=self._tags,
            deletion_window_days=self._key_deletion_days,
        )

    def _create_parking_queue(self) -> None:
        overflow = self._queue("parking-dead-letters", "Parked results could not be taken up ten times over.", None)
        self._parking = self._queue("parking", "Results that could not be recorded wait to be written.", overflow)
        self.parking = self._parking.url
        self.drain = grant_drain(self._parking, self._key, "TakeParked")

    def _queue(self, slug: str, meaning: str, overflow: aws.sqs.Queue | None) -> aws.sqs.Queue:
        return waiting_queue(
            f"{self._name}-{slug}",
            key=self._key,
            topic=self._topic,
            meaning=meaning,
            slug=slug,
            overflow=overflow,
            parent=self,
            tags=self._tags,
        )

    def _create_log_group(self, args: BookingStateMachineArgs) -> None:
        self._log_group = log_group(
            f"{self._name}-logs",
            key=args.get("logkey") or self._key,
            days=self._log_days,
            parent=self,
            tags=self._tags,
        )
        self._mask = mask(f"{self._name}-mask", self._log_group, self._masked, parent=self)
        self.loggroup = self._log_group.name

    def _create_role(self, args: BookingStateMachineArgs) -> ServiceRole:
        grants = [
            *self._steps(args),
            statement("KeepExecutionsSecret", ["kms:Decrypt", "kms:GenerateDataKey"], [self._key]),
            grant_deliver_logs(),
            trace_grant(by_machine=True),
            *args.get("grants", []),
        ]
        role = service_role(
            f"{self._name}-role",
            "states",
            grants,
            parent=self,
            tags=self._tags,
            boundary=args.get("boundary"),
            only_for=Surroundings.of(self).arn("states", "stateMachine:*"),
        )
        self.role = role.arn
        return role

    def _steps(self, args: BookingStateMachineArgs) -> list[pulumi.Output[str]]:
        """What the definition does: as the owners grant it, or as the text that was given says."""
        invoked = [invoke_grant(arn) for arn in args.get("functions", {}).values()]
        given = args.get("definition")
        if given is not None:
            return [*invoked, derived_grant(given)]
        return [*invoked, grant_send(self._parking, self._key, "ParkResults")]

    def _create_machine(self, args: BookingStateMachineArgs, role: ServiceRole) -> aws.sfn.StateMachine:
        kind = "express" if self._express else "standard"
        machine = aws.sfn.StateMachine(
            f"{self._name}-{kind}",
            definition=self._definition(args),
            role_arn=role.arn,
            type=kind.upper(),
            logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
                level="ALL",
                include_execution_data=self._log_data,
                log_destination=pulumi.Output.concat(self._log_group.arn, ":*"),
            ),
            tracing_configuration=aws.sfn.StateMachineTracingConfigurationArgs(enabled=True),
            encryption_configuration=aws.sfn.StateMachineEncryptionConfigurationArgs(
                type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=self._key, kms_data_key_reuse_period_seconds=300
            ),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role.policy, self._mask]),
        )
        self.arn, self.machine = machine.arn, machine.name
        return machine

    def _definition(self, args: BookingStateMachineArgs) -> pulumi.Input[str]:
        return args.get("definition") or definition_text(
            self._workflow,
            functions=args.get("functions", {}),
            parking=self.parking,
            limits={"task_seconds": self._task_seconds, "execution_seconds": self._execution_seconds},
            partition=Surroundings.of(self).partition,
        )

    def _hand_out_grants(self, machine: aws.sfn.StateMachine) -> None:
        executions = machine.arn.apply(lambda arn: arn.replace(":stateMachine:", ":execution:") + ":*")
        self.startgrant = joined(
            statement("Start", ["states:StartExecution"], [machine.arn]),
            statement("Follow", ["states:DescribeExecution", "states:GetExecutionHistory"], [executions]),
            statement("StartKey", ["kms:Decrypt", "kms:GenerateDataKey"], [self._key]),
        )

    def _let_in(self, starter: str | None) -> None:
        if starter:
            aws.iam.RolePolicy(
                f"{self._name}-starter",
                role=starter,
                policy=policy_of([self.startgrant]),
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _report_failures(self, machine: aws.sfn.StateMachine) -> None:
        """Tell the topic of every execution that ended badly (STANDARD only: EXPRESS executions send no events)."""
        if self._express:
            return
        tell_of_bad_ends(f"{self._name}-ended-badly", machine.arn, topic=self._topic, parent=self, tags=self._tags)

    def _create_alarms(self, machine: aws.sfn.StateMachine) -> None:
        for alarm in machine_alarms(machine.arn, self._p99_seconds):
            alarm.raise_to(self._topic, name=f"{self._name}-{alarm.slug}", parent=self, tags=self._tags)
