"""The state machine, its role derived from its definition, its log, its parking queue and its alarms.

Longer than 250 lines so that its arguments, which are the schema that other languages see, stay with the code that uses
them.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from workflow.booking import Booking
from workflow.lint.checker import check

from .aws.alarms import Metric, create_alarms
from .aws.dashboard import Chart
from .aws.deployment_context import DeploymentContext
from .aws.eventbridge import alert_on_failed_executions
from .aws.iam import ServiceRole, join, policy_of, service_role, statement, trace_grant
from .aws.kms import LOG_DELIVERY, LOGS
from .aws.lambda_ import invoke_grant
from .aws.logs import RETENTIONS, grant_deliver_logs, log_group
from .aws.masking import FIELD, MAX_FIELDS, PERSONAL, mask
from .aws.sqs import grant_drain, grant_send, monitored_queue
from .aws.states import AnyWorkflow, definition_grant, definition_text, function_keys, machine_alarms, machine_metric
from .base import Arguments, Component
from .shared_arguments import share


class BookingStateMachineArgs(TypedDict):
    """Arguments of a state machine; every default is the strict one."""

    functions: NotRequired[dict[str, pulumi.Input[str]]]
    """ARNs of published function versions, by the names under which the workflow invokes them; the booking workflow
    invokes purchase, refund and record. Default: none."""
    definition: NotRequired[pulumi.Input[str]]
    """Definition in the Amazon States Language, as JSON text; the role is derived from it. Default: the booking
    workflow of this package, which invokes `functions`."""
    grants: NotRequired[list[pulumi.Input[str]]]
    """Permissions in addition to those derived from the definition, such as for a resource that only the data names:
    grants, each a JSON list of policy statements. Default: none."""
    express: NotRequired[bool]
    """Makes executions EXPRESS (at least once, at most five minutes) instead of STANDARD. A change creates a second
    machine beside the running one. Default: false."""
    log_data: NotRequired[bool]
    """Logs the input and output of executions, with the fields in `masked` masked. Default: true, but false for a
    workflow of your own without `masked`, because nobody has said which of its data is personal."""
    masked: NotRequired[list[str]]
    """Names of fields whose values the log masks, at most 10; card numbers and e-mail addresses are always masked.
    Default: customer_id, payment_method, reason, requested_by and sub."""
    log_days: NotRequired[float]
    """Days for which logs are kept, one of the values that CloudWatch Logs supports. Default: 365."""
    task_seconds: NotRequired[float]
    """Seconds that one attempt of a task of the booking workflow may take, 2 to 900. Default: 20."""
    execution_seconds: NotRequired[float]
    """Seconds that an execution of the booking workflow may take, 10 to 86400. Default: 300."""
    p99_seconds: NotRequired[float]
    """Seconds within which 99 of 100 executions should end, 1 to 86400; an alarm fires above that. Default: 60."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for the definition, the parking queue and execution data. Default: a key of its own."""
    logkey: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for logs, which CloudWatch Logs must be allowed to use. Default: `key`."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms and failed executions notify. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of its IAM role. Default: none."""
    starter: NotRequired[str]
    """Name of an IAM role that may start executions of this machine only. Default: none."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources except IAM roles. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class BookingStateMachine(Component):
    """A logged, traced and monitored state machine that may do what its definition needs and nothing else."""

    arn: pulumi.Output[str]
    """ARN of the state machine."""
    machine: pulumi.Output[str]
    """Name of the state machine."""
    role: pulumi.Output[str]
    """ARN of its role."""
    loggroup: pulumi.Output[str]
    """Name of its log group."""
    parking: pulumi.Output[str]
    """URL of the queue for results that could not be recorded."""
    drain: pulumi.Output[str]
    """Permission to take messages out of the parking queue: policy statements as JSON."""
    startgrant: pulumi.Output[str]
    """Permission to start executions of this machine and follow them: policy statements as JSON."""

    rungrant: pulumi.Output[str]
    """Permission to start executions of this machine and read their results: policy statements as JSON."""

    def __init__(
        self,
        name: str,
        args: BookingStateMachineArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        workflow: AnyWorkflow = Booking,
    ) -> None:
        """Create the machine from the arguments, or in Python from any workflow class."""
        super().__init__("booking:index:BookingStateMachine", name, args, opts)
        self._name = name
        self._workflow = workflow
        self._check(args)
        self._shared = share(
            self,
            name,
            args,
            encrypts=f"definition, logs and parked results of {name}",
            key_deletion_days=self._key_deletion_days,
            services=(LOGS, LOG_DELIVERY),
        )
        self._create_parking_queue()
        self._create_log_group(args)
        role = self._create_role(args)
        machine = self._create_machine(args, role)
        self._create_grants(machine)
        self._allow_starter(args.get("starter"))
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
                "rungrant": self.rungrant,
            }
        )

    def grant_start(self) -> pulumi.Output[str]:
        """Return the permission to start executions of this machine and follow them, `startgrant`."""
        return self.startgrant

    def grant_run(self) -> pulumi.Output[str]:
        """Return the permission to start executions of this machine and read their results, `rungrant`."""
        return self.rungrant

    def grant_drain(self) -> pulumi.Output[str]:
        """Return the permission to take messages out of the parking queue, `drain`."""
        return self.drain

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that empties the parking queue."""
        return {"BOOKING_PARKING_QUEUE_URL": self.parking}

    @property
    def start_environment(self) -> dict[str, pulumi.Input[str]]:
        """Environment variables of a function that starts executions."""
        return {"BOOKING_MACHINE": self.arn}

    def charts(self) -> list[Chart]:
        """Return the charts of the executions for a dashboard."""
        ended = [self._metric(f"Executions{how}") for how in ("Succeeded", "Failed", "TimedOut", "Aborted")]
        return [
            Chart("Executions", [self._metric("ExecutionsStarted"), *ended]),
            Chart("Duration, ms", [self._metric("ExecutionTime", "p50"), self._metric("ExecutionTime", "p99")]),
            Chart("Throttled", [self._metric("ExecutionThrottled")]),
        ]

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return machine_metric(self.arn, name, statistic)

    def _check(self, args: BookingStateMachineArgs) -> None:
        arguments = Arguments("BookingStateMachine", self._name, args, BookingStateMachineArgs)
        self._express = arguments.boolean("express", False)
        self._masked = arguments.strings("masked", PERSONAL, MAX_FIELDS, FIELD, "field names")
        is_own_workflow = "definition" not in args and self._workflow is Booking
        self._log_data = arguments.boolean("log_data", True) and (
            is_own_workflow or "masked" in args or "log_data" in args
        )
        self._log_days = arguments.one_of("log_days", 365, RETENTIONS, "days")
        self._task_seconds = arguments.integer("task_seconds", 20, 2, 900, "seconds")
        self._execution_seconds = arguments.integer("execution_seconds", 300, 10, 86_400, "seconds")
        self._p99_seconds = arguments.integer("p99_seconds", 60, 1, 86_400, "seconds")
        self._key_deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        if "definition" in args:
            self._check_definition(arguments, args["definition"])
        elif isinstance(args.get("functions", {}), dict):
            self._check_functions(arguments, set(args.get("functions", {})))
        if self._task_seconds >= self._execution_seconds:
            arguments.reject(
                f"task_seconds must be less than execution_seconds, {self._execution_seconds}, "
                f"got {self._task_seconds}."
            )
        arguments.raise_if_invalid()

    def _check_definition(self, arguments: Arguments, definition: object) -> None:
        """Reject a definition that AWS would reject; an Output is known too late to be checked."""
        if isinstance(definition, pulumi.Output):
            return
        if not isinstance(definition, str):
            arguments.reject(
                f"definition must be JSON text, got a {type(definition).__name__}: pass json.dumps(...) of it."
            )
            return
        for each in check(definition, type="EXPRESS" if self._express else "STANDARD"):
            if each.severity == "error":
                arguments.reject(
                    f"definition, {each.pointer or '/'}: {each.code}: {each.sentence} {each.remedy}".rstrip()
                )

    def _check_functions(self, arguments: Arguments, named: set[str]) -> None:
        invoked = set(function_keys(self._workflow))
        name = self._workflow.__name__
        if missing := sorted(invoked - named):
            arguments.reject(
                f"functions must name {', '.join(missing)} too, which {name} invokes; or give a definition."
            )
        if unknown := sorted(named - invoked):
            arguments.reject(
                f"functions must be {', '.join(sorted(invoked))}, which {name} invokes, got {', '.join(unknown)}."
            )

    def _create_parking_queue(self) -> None:
        dead_letter_queue = self._queue(
            "parking-dead-letters",
            "Reconcile failed for days to record parked results. They are in the dead-letter queue until redriven.",
            None,
        )
        self._parking = self._queue(
            "parking",
            "Results could not be recorded and are parked. Reconcile records them on its next run.",
            dead_letter_queue,
        )
        self.parking = self._parking.url
        self.drain = grant_drain(self._parking, self._shared.key, "TakeParked")

    def _queue(self, slug: str, meaning: str, dead_letter_queue: aws.sqs.Queue | None) -> aws.sqs.Queue:
        return monitored_queue(
            f"{self._name}-{slug}", self._shared, meaning=meaning, slug=slug, dead_letter_queue=dead_letter_queue
        )

    def _create_log_group(self, args: BookingStateMachineArgs) -> None:
        key = args.get("logkey") or self._shared.key
        # Log delivery writes a resource policy of at most 5,120 characters unless the group's name begins with this.
        # Source: Step Functions developer guide, "Using CloudWatch Logs to log execution history". Without the
        # component's name, so that a renamed component keeps its group.
        prefix = f"/aws/vendedlogs/states/{pulumi.get_project()}-{pulumi.get_stack()}-"
        name = f"{self._name}-logs"
        self._log_group = log_group(name, self._shared, key=key, days=self._log_days, prefix=prefix)
        self._mask = mask(f"{self._name}-mask", self._log_group, self._masked, parent=self)
        self.loggroup = self._log_group.name

    def _create_role(self, args: BookingStateMachineArgs) -> ServiceRole:
        grants = [
            *self._step_grants(args),
            statement("KeepExecutionsSecret", ["kms:Decrypt", "kms:GenerateDataKey"], [self._shared.key]),
            grant_deliver_logs(),
            trace_grant(by_machine=True),
            *args.get("grants", []),
        ]
        machines = DeploymentContext.of(self).arn("states", "stateMachine:*")
        role = service_role(f"{self._name}-role", "states", grants, self._shared, only_for=machines)
        self.role = role.arn
        return role

    def _step_grants(self, args: BookingStateMachineArgs) -> list[pulumi.Output[str]]:
        """Return the permissions of the steps: from the owners of the resources, or derived from a given definition."""
        invoked = [invoke_grant(arn) for arn in args.get("functions", {}).values()]
        definition = args.get("definition")
        if definition is not None:
            return [*invoked, definition_grant(definition)]
        return [*invoked, grant_send(self._parking, self._shared.key, "ParkResults")]

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
                type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=self._shared.key, kms_data_key_reuse_period_seconds=300
            ),
            tags=self._shared.tags,
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
            partition=DeploymentContext.of(self).partition,
        )

    def _create_grants(self, machine: aws.sfn.StateMachine) -> None:
        executions = machine.arn.apply(lambda arn: arn.replace(":stateMachine:", ":execution:") + ":*")
        use_key = statement("StartKey", ["kms:Decrypt", "kms:GenerateDataKey"], [self._shared.key])
        self.startgrant = join(
            statement("Start", ["states:StartExecution"], [machine.arn]),
            statement("Follow", ["states:DescribeExecution", "states:GetExecutionHistory"], [executions]),
            use_key,
        )
        if self._express:
            self.rungrant = join(statement("Run", ["states:StartSyncExecution"], [machine.arn]), use_key)
            return
        self.rungrant = join(
            statement("Start", ["states:StartExecution"], [machine.arn]),
            statement("ReadResults", ["states:DescribeExecution"], [executions]),
            use_key,
        )

    def _allow_starter(self, starter: str | None) -> None:
        if starter:
            aws.iam.RolePolicy(
                f"{self._name}-starter",
                role=starter,
                policy=policy_of([self.startgrant]),
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _report_failures(self, machine: aws.sfn.StateMachine) -> None:
        """Notify the topic of each failed execution (STANDARD only: EXPRESS executions send no events)."""
        if not self._express:
            alert_on_failed_executions(f"{self._name}-ended-badly", machine.arn, self._shared)

    def _create_alarms(self, machine: aws.sfn.StateMachine) -> None:
        create_alarms(self._name, self._shared, machine_alarms(machine.arn, self._p99_seconds))
