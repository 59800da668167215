"""A Lambda function with everything it needs in production: role, logs, dead-letter queue, versions, traces, alarms.

Longer than 250 lines so that its arguments, which are the schema that other languages see, stay with the code that uses
them.
"""

from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import (
    TypedDict,
)  # before Python 3.12 only this one records its bases, for the plugin

from .aws.alarms import Metric, create_alarms
from .aws.dashboard import Chart
from .aws.eventbridge import SCHEDULE, invoke_on_schedule
from .aws.iam import service_role, trace_grant
from .aws.kms import LOGS
from .aws.lambda_ import (
    RecordSource,
    function_alarms,
    function_metric,
    heartbeat_alarm,
    invoke_grant,
    invoke_on_records,
    network_grant,
    stream_alarm,
    vpc_config,
)
from .aws.logs import RETENTIONS, grant_write_logs, log_group
from .aws.sqs import grant_send, monitored_queue
from .base import Arguments, Component
from .shared_arguments import share

ARCHITECTURES = ("arm64", "x86_64")


class MonitoredLambdaArgs(TypedDict):
    """Arguments of a monitored function; every default is the strict one."""

    code: NotRequired[pulumi.Input[pulumi.Archive]]
    """The package: a zip with the handler's package at its root. Default: the one in `code_bucket`."""
    code_bucket: NotRequired[pulumi.Input[str]]
    """Name of the bucket with the package, such as a signed one, instead of `code`. Default: none."""
    code_key: NotRequired[pulumi.Input[str]]
    """Key of the package in `code_bucket`. Default: none."""
    code_version: NotRequired[pulumi.Input[str]]
    """Version of the package in `code_bucket`. Default: the newest."""
    code_signing: NotRequired[pulumi.Input[str]]
    """ARN of the code signing configuration that names the required signer. Default: no signature is required."""
    handler: pulumi.Input[str]
    """Module and function to call, such as `handlers.refund.handler`."""
    grants: NotRequired[list[pulumi.Input[str]]]
    """Permissions in addition to logs and traces: grants, each a JSON list of policy statements from the owner of the
    resource. Default: none."""
    environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variables, encrypted at rest; no secrets. Default: none."""
    runtime: NotRequired[pulumi.Input[str]]
    """Lambda runtime. Default: python3.13."""
    architecture: NotRequired[str]
    """arm64 or x86_64. Default: arm64."""
    memory: NotRequired[float]
    """Memory in MB, 128 to 10240. Default: 512."""
    timeout: NotRequired[float]
    """Seconds after which Lambda stops an invocation, 1 to 900. Default: 15."""
    concurrency: NotRequired[float]
    """Simultaneous invocations reserved for this function, 0 to 1000; 0 reserves none. Default: 50."""
    schedule: NotRequired[str]
    """Schedule to invoke it on, an EventBridge rate or cron expression such as `rate(5 minutes)`. Default: none."""
    schedule_input: NotRequired[str]
    """Event that the schedule sends, as JSON text. Default: {}."""
    heartbeat_minutes: NotRequired[float]
    """Minutes without a successful invocation after which an alarm fires, 5 to 10080. Default: no such alarm."""
    stream: NotRequired[pulumi.Input[str]]
    """ARN of a DynamoDB stream whose records it receives, in batches and in order; its answer names the records that
    failed (`batchItemFailures`). It needs the grant of the stream's owner. Default: none."""
    stream_pattern: NotRequired[str]
    """Pattern of the records that it receives, as JSON text. Default: all records."""
    stream_minutes: NotRequired[float]
    """Minutes for which a record may wait before an alarm fires, 1 to 1440. Default: 5."""
    log_days: NotRequired[float]
    """Days for which logs are kept, one of the values that CloudWatch Logs supports. Default: 365."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for environment and dead letters. Default: a key of its own."""
    logkey: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for logs, which CloudWatch Logs must be allowed to use. Default: `key`."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of its IAM role. Default: none."""
    subnets: NotRequired[list[pulumi.Input[str]]]
    """Ids of the VPC subnets it runs in, together with `securitygroups`. Default: no VPC."""
    securitygroups: NotRequired[list[pulumi.Input[str]]]
    """Ids of its security groups, together with `subnets`. Default: no VPC."""
    error_percent: NotRequired[float]
    """Percentage of failed invocations above which an alarm fires, 1 to 100. Default: 5."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources except IAM roles. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class MonitoredLambda(Component):
    """A published function with least privilege and an alarm on each kind of failure."""

    function: pulumi.Output[str]
    """Name of the function."""
    arn: pulumi.Output[str]
    """ARN of the function, without a version."""
    version: pulumi.Output[str]
    """ARN of the version that this deployment published, which tasks invoke."""
    alias: pulumi.Output[str]
    """ARN of the alias `live`, which points to that version."""
    role: pulumi.Output[str]
    """ARN of the function's role."""
    loggroup: pulumi.Output[str]
    """Name of the log group."""
    deadletters: pulumi.Output[str]
    """URL of the dead-letter queue."""
    invokegrant: pulumi.Output[str]
    """Permission to invoke any version of this function: policy statements as JSON."""

    def __init__(self, name: str, args: MonitoredLambdaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:MonitoredLambda", name, args, opts)
        self._name = name
        self._check(args)
        self._shared = share(
            self,
            name,
            args,
            encrypts=f"environment, logs and dead letters of {name}",
            key_deletion_days=self._key_deletion_days,
            services=(LOGS,),
        )
        self._create_log_group(args)
        self._create_dead_letter_queue()
        self._create_role(args)
        live = self._create_function(args)
        self._invoke_on_schedule(live, args)
        self._invoke_on_records(live, args)
        self._create_alarms()
        self.invokegrant = invoke_grant(self.arn)
        self.register_outputs(
            {
                "function": self.function,
                "arn": self.arn,
                "version": self.version,
                "alias": self.alias,
                "role": self.role,
                "loggroup": self.loggroup,
                "deadletters": self.deadletters,
                "invokegrant": self.invokegrant,
            }
        )

    def grant_invoke(self) -> pulumi.Output[str]:
        """Return the permission to invoke any version of this function, `invokegrant`."""
        return self.invokegrant

    def charts(self) -> list[Chart]:
        """Return the charts of the function for a dashboard."""
        return [
            Chart(
                f"{self._name}: calls", [self._metric("Invocations"), self._metric("Errors"), self._metric("Throttles")]
            ),
            Chart(f"{self._name}: ms", [self._metric("Duration", "p50"), self._metric("Duration", "p99")]),
        ]

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return function_metric(self.function, name, statistic)

    def _check(self, args: MonitoredLambdaArgs) -> None:
        arguments = Arguments("MonitoredLambda", self._name, args, MonitoredLambdaArgs)
        arguments.require("handler")
        arguments.require_exactly_one("code", "code_bucket")
        arguments.require_all_or_none("code_bucket", "code_key")
        arguments.require_all_or_none("subnets", "securitygroups")
        self._architecture = arguments.choice("architecture", "arm64", ARCHITECTURES)
        self._memory = arguments.integer("memory", 512, 128, 10_240, "MB")
        self._timeout = arguments.integer("timeout", 15, 1, 900, "seconds")
        self._concurrency = arguments.integer("concurrency", 50, 0, 1000, "invocations")
        self._schedule = arguments.string("schedule", "", SCHEDULE, "an EventBridge expression such as rate(5 minutes)")
        self._stream_pattern = arguments.string("stream_pattern", "", r"\{.*\}", "an event pattern as JSON text")
        self._stream_minutes = arguments.integer("stream_minutes", 5, 1, 1440, "minutes")
        self._heartbeat_minutes = arguments.integer("heartbeat_minutes", 0, 5, 10_080, "minutes")
        self._log_days = arguments.one_of("log_days", 365, RETENTIONS, "days")
        self._error_percent = arguments.integer("error_percent", 5, 1, 100, "percent")
        self._key_deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()

    def _create_log_group(self, args: MonitoredLambdaArgs) -> None:
        key = args.get("logkey") or self._shared.key
        self._log_group = log_group(f"{self._name}-logs", self._shared, key=key, days=self._log_days)
        self.loggroup = self._log_group.name

    def _create_dead_letter_queue(self) -> None:
        self._dead_letters = monitored_queue(
            f"{self._name}-dead-letters",
            self._shared,
            meaning=f"Events that {self._name} could not process are waiting in its dead-letter queue.",
            slug="dead-letters",
        )
        self.deadletters = self._dead_letters.url

    def _create_role(self, args: MonitoredLambdaArgs) -> None:
        grants = [
            grant_write_logs(self._log_group),
            grant_send(self._dead_letters, self._shared.key, "DeadLetters"),
            trace_grant(),
            *([network_grant()] if args.get("subnets") else []),
            *args.get("grants", []),
        ]
        self._role = service_role(f"{self._name}-role", "lambda", grants, self._shared)
        self.role = self._role.arn

    def _create_function(self, args: MonitoredLambdaArgs) -> aws.lambda_.Alias:
        function = aws.lambda_.Function(
            f"{self._name}-function",
            code=args.get("code"),
            s3_bucket=args.get("code_bucket"),
            s3_key=args.get("code_key"),
            s3_object_version=args.get("code_version"),
            code_signing_config_arn=args.get("code_signing"),
            handler=args["handler"],
            runtime=args.get("runtime", "python3.13"),
            architectures=[self._architecture],
            role=self._role.arn,
            memory_size=self._memory,
            timeout=self._timeout,
            reserved_concurrent_executions=self._concurrency or None,
            publish=True,
            environment=self._environment(args),
            kms_key_arn=self._shared.key,
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=self._dead_letters.arn),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=self._log_group.name),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            vpc_config=vpc_config(args.get("subnets"), args.get("securitygroups")),
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._role.policy]),
        )
        live = aws.lambda_.Alias(
            f"{self._name}-live",
            name="live",
            function_name=function.name,
            function_version=function.version,
            opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=function)]),
        )
        self.function, self.arn = function.name, function.arn
        self.version, self.alias = function.qualified_arn, live.arn
        return live

    def _environment(self, args: MonitoredLambdaArgs) -> aws.lambda_.FunctionEnvironmentArgs | None:
        variables = args.get("environment")
        return aws.lambda_.FunctionEnvironmentArgs(variables=variables) if variables else None

    def _invoke_on_schedule(self, live: aws.lambda_.Alias, args: MonitoredLambdaArgs) -> None:
        if self._schedule:
            event = args.get("schedule_input", "{}")
            invoke_on_schedule(
                f"{self._name}-schedule", self._name, live, self._shared, schedule=self._schedule, event=event
            )

    def _invoke_on_records(self, live: aws.lambda_.Alias, args: MonitoredLambdaArgs) -> None:
        """Invoke the function with the stream's records; those that fail for good go to the dead-letter queue."""
        stream = args.get("stream")
        if stream is None:
            return
        source = RecordSource(
            stream=stream,
            pattern=self._stream_pattern,
            failures=self._dead_letters,
            permissions=self._role.policy,
        )
        invoke_on_records(f"{self._name}-records", live, self._shared, source)
        create_alarms(self._name, self._shared, [stream_alarm(self._name, self.function, self._stream_minutes)])

    def _create_alarms(self) -> None:
        alarms = function_alarms(self._name, self.function, self._timeout, self._concurrency, self._error_percent)
        heartbeat = heartbeat_alarm(self._name, self.function, self._heartbeat_minutes)
        create_alarms(self._name, self._shared, [*alarms, heartbeat] if self._heartbeat_minutes else alarms)
