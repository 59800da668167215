"""A function with all that it takes to run it: role, log group, dead-letter queue, versions, traces and alarms.

Long for its documented arguments, which are the schema that other languages see.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .arguments import Arguments
from .aws.alarms import Metric, alert_topic
from .aws.dashboard import Chart
from .aws.deployment_context import tags_of
from .aws.eventbridge import SCHEDULE, invoke_on_schedule
from .aws.iam import service_role, statement
from .aws.kms import LOGS, encryption_key
from .aws.lambda_ import function_alarms, function_metric
from .aws.logs import RETENTIONS, grant_write_logs, log_group
from .aws.sqs import grant_send, waiting_queue
from .aws.traces import trace_grant
from .base import Component

ARCHITECTURES = ("arm64", "x86_64")


class MonitoredLambdaArgs(TypedDict):
    """What a monitored function needs to know; every default is the strict one."""

    code: NotRequired[pulumi.Input[pulumi.Archive]]
    """The package: a zip with the handler at its root. Default: none, it lies in `code_bucket`."""
    code_bucket: NotRequired[pulumi.Input[str]]
    """Name of the bucket that the package lies in, such as a signed one, instead of `code`. Default: none."""
    code_key: NotRequired[pulumi.Input[str]]
    """Key of the package in `code_bucket`. Default: none."""
    code_version: NotRequired[pulumi.Input[str]]
    """Version of the package in `code_bucket`. Default: nothing, the newest."""
    code_signing: NotRequired[pulumi.Input[str]]
    """ARN of the code signing configuration that says whose signature the package must have. Default: none is asked
    for."""
    handler: pulumi.Input[str]
    """Module and function that are called, such as `handlers.refund.handler`."""
    grants: NotRequired[list[pulumi.Input[str]]]
    """What it may do beyond logs and traces: policy statements as JSON, from their owners. Default: nothing."""
    environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Environment variables, encrypted at rest; no secrets. Default: none."""
    runtime: NotRequired[pulumi.Input[str]]
    """Lambda runtime. Default: python3.13."""
    architecture: NotRequired[str]
    """arm64 or x86_64. Default: arm64."""
    memory: NotRequired[float]
    """Memory in MB, 128 to 10240. Default: 512."""
    timeout: NotRequired[float]
    """Seconds after which an invocation is stopped, 1 to 900. Default: 15."""
    concurrency: NotRequired[float]
    """Invocations at a time, reserved for this function, 1 to 1000. Default: 50."""
    schedule: NotRequired[str]
    """When to invoke it, as an EventBridge rate or cron expression, such as `rate(5 minutes)`. Default: never."""
    schedule_input: NotRequired[str]
    """What it is invoked with on schedule, as JSON text. Default: {}."""
    log_days: NotRequired[float]
    """Days for which logs are kept, one of the numbers that CloudWatch Logs knows. Default: 365."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for environment and dead letters. Default: a key of its own."""
    logkey: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for logs, which CloudWatch Logs may use. Default: `key`."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms go to. Default: a topic of its own."""
    boundary: NotRequired[pulumi.Input[str]]
    """ARN of the permissions boundary of its role. Default: none."""
    subnets: NotRequired[list[pulumi.Input[str]]]
    """Ids of the VPC subnets it runs in, together with `securitygroups`. Default: it runs in no VPC."""
    securitygroups: NotRequired[list[pulumi.Input[str]]]
    """Ids of the security groups it runs in, together with `subnets`. Default: it runs in no VPC."""
    error_percent: NotRequired[float]
    """Percentage of invocations that may fail before its alarm rings, 1 to 100. Default: 5."""
    key_deletion_days: NotRequired[float]
    """Days for which a deleted key of its own can be brought back, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of everything in it but roles, which have none. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags beyond project, stage and component. Default: none."""


class MonitoredLambda(Component):
    """A published function with least privilege, whose failures ring."""

    function: pulumi.Output[str]
    """Name of the function."""
    arn: pulumi.Output[str]
    """ARN of the function, without a version."""
    version: pulumi.Output[str]
    """ARN of the version that this deployment published: what tasks invoke."""
    alias: pulumi.Output[str]
    """ARN of the alias `live`, which points at that version."""
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
        self._tags = tags_of(name, args.get("tags"))
        self._choose_key_and_topic(args)
        self._create_log_group(args)
        self._create_dead_letter_queue()
        self._create_role(args)
        live = self._create_function(args)
        self._invoke_on_schedule(live, args)
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
        """To invoke any version of this function: `invokegrant`."""
        return self.invokegrant

    def charts(self) -> list[Chart]:
        """What to look at when the function is in question."""
        return [
            Chart(
                f"{self._name}: calls", [self._metric("Invocations"), self._metric("Errors"), self._metric("Throttles")]
            ),
            Chart(f"{self._name}: ms", [self._metric("Duration", "p50"), self._metric("Duration", "p99")]),
        ]

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return function_metric(self.function, name, statistic)

    def _check(self, args: MonitoredLambdaArgs) -> None:
        given = Arguments("MonitoredLambda", self._name, args, MonitoredLambdaArgs)
        given.required("handler")
        given.exactly_one("code", "code_bucket")
        given.together("code_bucket", "code_key")
        given.together("subnets", "securitygroups")
        self._architecture = given.choice("architecture", "arm64", ARCHITECTURES)
        self._memory = given.whole("memory", 512, 128, 10_240, "MB")
        self._timeout = given.whole("timeout", 15, 1, 900, "seconds")
        self._concurrency = given.whole("concurrency", 50, 1, 1000, "invocations")
        self._schedule = given.pattern("schedule", "", SCHEDULE, "an EventBridge expression such as rate(5 minutes)")
        self._log_days = given.one_of("log_days", 365, RETENTIONS, "days")
        self._error_percent = given.whole("error_percent", 5, 1, 100, "percent")
        self._key_deletion_days = given.whole("key_deletion_days", 30, 7, 30, "days")
        given.check()

    def _choose_key_and_topic(self, args: MonitoredLambdaArgs) -> None:
        self._key = encryption_key(
            f"{self._name}-key",
            args.get("key"),
            what=f"environment, logs and dead letters of {self._name}",
            parent=self,
            tags=self._tags,
            deletion_window_days=self._key_deletion_days,
            services=(LOGS,),
        )
        self._topic = alert_topic(
            f"{self._name}-alerts",
            args.get("topic"),
            parent=self,
            tags=self._tags,
            deletion_window_days=self._key_deletion_days,
        )

    def _create_log_group(self, args: MonitoredLambdaArgs) -> None:
        self._log_group = log_group(
            f"{self._name}-logs",
            key=args.get("logkey") or self._key,
            days=self._log_days,
            parent=self,
            tags=self._tags,
        )
        self.loggroup = self._log_group.name

    def _create_dead_letter_queue(self) -> None:
        self._dead_letters = waiting_queue(
            f"{self._name}-dead-letters",
            key=self._key,
            topic=self._topic,
            meaning=f"Events that {self._name} failed to handle wait in its dead-letter queue.",
            slug="dead-letters",
            parent=self,
            tags=self._tags,
        )
        self.deadletters = self._dead_letters.url

    def _create_role(self, args: MonitoredLambdaArgs) -> None:
        grants = [
            grant_write_logs(self._log_group),
            grant_send(self._dead_letters, self._key, "DeadLetters"),
            trace_grant(),
            *([_join_network()] if args.get("subnets") else []),
            *args.get("grants", []),
        ]
        self._role = service_role(
            f"{self._name}-role",
            "lambda",
            grants,
            parent=self,
            tags=self._tags,
            boundary=args.get("boundary"),
        )
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
            reserved_concurrent_executions=self._concurrency,
            publish=True,
            environment=self._environment(args),
            kms_key_arn=self._key,
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=self._dead_letters.arn),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=self._log_group.name),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            vpc_config=_network(args),
            tags=self._tags,
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
            invoke_on_schedule(
                f"{self._name}-schedule",
                live,
                expression=self._schedule,
                text=args.get("schedule_input", "{}"),
                topic=self._topic,
                parent=self,
                tags=self._tags,
            )

    def _create_alarms(self) -> None:
        what = (self._name, self.function, self._timeout, self._concurrency, self._error_percent)
        for alarm in function_alarms(*what):
            alarm.raise_to(self._topic, name=f"{self._name}-{alarm.slug}", parent=self, tags=self._tags)


def invoke_grant(function: pulumi.Input[str]) -> pulumi.Output[str]:
    """To invoke every version of this function, so that executions which began before a deployment can end."""
    unqualified = pulumi.Output.from_input(function).apply(lambda arn: ":".join(arn.split(":")[:7]))
    return statement("InvokeFunction", ["lambda:InvokeFunction"], [pulumi.Output.concat(unqualified, ":*")])


def _join_network() -> pulumi.Output[str]:
    return statement(
        "JoinNetwork",
        ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"],
        ["*"],
        why_everywhere="Lambda asks for these without naming an interface, which does not exist yet",
    )


def _network(args: MonitoredLambdaArgs) -> aws.lambda_.FunctionVpcConfigArgs | None:
    subnets, groups = args.get("subnets"), args.get("securitygroups")
    if not subnets or not groups:
        return None
    return aws.lambda_.FunctionVpcConfigArgs(subnet_ids=subnets, security_group_ids=groups)
