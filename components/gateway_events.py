"""Webhooks of the payment gateway: an address of their own, the function that checks them, and a queue of orders."""

from typing import NotRequired

import pulumi
import pulumi_aws as aws

from .aws.dashboard import Chart
from .aws.http_api import http_api
from .aws.iam import join
from .aws.kms import LOGS
from .aws.logs import RETENTIONS, log_group
from .aws.secrets_manager import grant_read_secret
from .aws.sqs import grant_send, grant_take, monitored_queue, work_queue
from .base import Arguments, Component, Shared
from .monitored_lambda import MonitoredLambda, MonitoredLambdaArgs
from .shared_arguments import share

ROUTE = "POST /webhooks/{gateway}"
NOTICE_SECONDS = 86_400  # a day; reconcile also finds every change without a notice
MAX_ATTEMPTS = 5
CONSUMER_SECONDS = 60


class GatewayEventsArgs(MonitoredLambdaArgs):
    """Arguments of the webhooks, in addition to those of their function; every default is the strict one."""

    secret: pulumi.Input[str]
    """ARN of the secret in AWS Secrets Manager that holds the signing secret of the webhooks, or two."""
    mode: NotRequired[str]
    """Mode of the gateway whose events are accepted: live or test. Default: live."""
    rate: NotRequired[float]
    """Webhooks per second above which API Gateway answers 429, 1 to 1000. Default: 25."""


class GatewayEvents(Component):
    """An endpoint for webhooks: its address never changes, and only its function reads the signing secret."""

    url: pulumi.Output[str]
    """Address of the webhooks without the gateway's name, such as https://.../webhooks/."""
    queue: pulumi.Output[str]
    """ARN of the queue of orders that may have changed at the gateway."""
    takegrant: pulumi.Output[str]
    """Permission to take orders from the queue: policy statements as JSON."""

    def __init__(self, name: str, args: GatewayEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:GatewayEvents", name, args, opts)
        self._name = name
        self._check(args)
        self._shared = share(
            self, name, args, encrypts=f"webhooks and orders of {name}", key_deletion_days=30, services=(LOGS,)
        )
        self._create_queue()
        self.function = self._create_function(args)
        self._create_api(args)
        self.takegrant = grant_take(self._queue, self._shared.key, "TakeOrders")
        self.register_outputs({"url": self.url, "queue": self.queue, "takegrant": self.takegrant})

    def grant_take(self) -> pulumi.Output[str]:
        """Return the permission to take orders from the queue, `takegrant`."""
        return self.takegrant

    def charts(self) -> list[Chart]:
        """Return the charts of the function for a dashboard."""
        return self.function.charts()

    def deliver_to(self, consumer: MonitoredLambda) -> None:
        """Let a function with `takegrant` consume the orders in the queue."""
        aws.lambda_.EventSourceMapping(
            f"{self._name}-consumer",
            event_source_arn=self.queue,
            function_name=consumer.alias,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=consumer.descendants[1:]),
        )

    def _check(self, args: GatewayEventsArgs) -> None:
        arguments = Arguments("GatewayEvents", self._name, args, GatewayEventsArgs)
        arguments.require("secret")
        self._mode = arguments.choice("mode", "live", ("live", "test"))
        self._rate = arguments.integer("rate", 25, 1, 1000, "webhooks a second")
        self._log_days = arguments.one_of("log_days", 365, RETENTIONS, "days")
        arguments.raise_if_invalid()

    def _create_queue(self) -> None:
        undelivered = monitored_queue(
            f"{self._name}-undelivered",
            self._shared,
            meaning="Reconcile failed repeatedly for orders that the gateway's events named.",
            slug="gateway-notices",
        )
        self._queue = work_queue(
            f"{self._name}-orders",
            self._shared,
            seconds=CONSUMER_SECONDS,
            keep_seconds=NOTICE_SECONDS,
            attempts=MAX_ATTEMPTS,
            dead_letter_queue=undelivered,
        )
        self.queue = self._queue.arn

    def _create_function(self, args: GatewayEventsArgs) -> MonitoredLambda:
        function_args = {name: value for name, value in args.items() if name not in ("secret", "mode", "rate")}
        function = MonitoredLambdaArgs(**function_args)  # type: ignore[typeddict-item]  # the rest are its arguments
        function["environment"] = {
            **args.get("environment", {}),
            "BOOKING_STRIPE_MODE": self._mode,
            "BOOKING_STRIPE_WEBHOOK_SECRET": args["secret"],
            "BOOKING_EVENTS_QUEUE_URL": self._queue.url,
        }
        permissions = join(
            grant_read_secret(args["secret"], "ReadSigningSecret"),
            grant_send(self._queue, self._shared.key, "QueueOrders"),
        )
        function["grants"] = [*args.get("grants", []), permissions]
        function["key"], function["topic"] = self._shared.key, self._shared.topic
        return MonitoredLambda(f"{self._name}-check", function, pulumi.ResourceOptions(parent=self))

    def _create_api(self, args: GatewayEventsArgs) -> None:
        log_key = args.get("logkey") or self._shared.key
        log = log_group(f"{self._name}-access", self._shared, key=log_key, days=self._log_days)
        stage = http_api(
            self._name,
            Shared(parent=self, tags=self._shared.tags, key=self._shared.key, topic=self._shared.topic),
            describes="Webhooks of the payment gateway",
            function=self.function.function,
            alias=self.function.alias,
            routes=[ROUTE],
            rate=self._rate,
            access_log=log,
        )
        self.url = pulumi.Output.concat(stage.invoke_url, "webhooks/")
