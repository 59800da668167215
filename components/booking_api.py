"""The HTTP API: its routes, the verification of tokens, limits, an access log and alarms."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from handlers.contracts.api_routes import ROUTES, Route

from .aws.alarms import Alarm, Metric, create_alarms
from .aws.dashboard import Chart
from .aws.kms import LOGS
from .aws.logs import RETENTIONS, log_group
from .base import Arguments, Component
from .shared_arguments import share

ISSUER = r"https://[^\s?#]{1,500}"
ORIGIN = r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?"
MAX_AUDIENCES = 20
MAX_ORIGINS = 20
LOG_FORMAT = (
    '{"request":"$context.requestId","route":"$context.routeKey","status":"$context.status",'
    '"ms":"$context.responseLatency","error":"$context.error.messageString",'
    '"authorizer":"$context.authorizer.error"}'
)
"""The fields of the access log: never path, query, headers or body. The function's log adds the caller's id."""


class BookingApiArgs(TypedDict):
    """Arguments of an API; every default is the strict one."""

    function: pulumi.Input[str]
    """ARN of the function that answers, ideally of its alias `live`."""
    issuer: pulumi.Input[str]
    """Issuer of the access tokens: its address without `/.well-known/openid-configuration`."""
    audiences: list[str]
    """Audiences (or clients) of the tokens that are accepted, 1 to 20."""
    origins: NotRequired[list[str]]
    """Origins of web pages that may call the API, such as https://shop.example.com. Default: none."""
    rate: NotRequired[float]
    """Calls per second to each route, by all callers together, 1 to 10000. Default: 50."""
    burst: NotRequired[float]
    """Simultaneous calls to each route, 1 to 5000. Default: 100."""
    error_percent: NotRequired[float]
    """Percentage of calls answered with a server error above which an alarm fires, 1 to 100. Default: 5."""
    log_days: NotRequired[float]
    """Days for which the access log is kept, one of the values that CloudWatch Logs supports. Default: 365."""
    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for the access log. Default: a key of its own."""
    logkey: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for logs, which CloudWatch Logs must be allowed to use. Default: `key`."""
    topic: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify. Default: a topic of its own."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class BookingApi(Component):
    """An HTTP API with a JWT authorizer in front of every route that is not public."""

    url: pulumi.Output[str]
    """Address of the API, without a slash at its end."""
    api: pulumi.Output[str]
    """Id of the API."""
    loggroup: pulumi.Output[str]
    """Name of the access log's group."""

    def __init__(self, name: str, args: BookingApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:BookingApi", name, args, opts)
        self._name = name
        self._check(args)
        self._shared = share(
            self,
            name,
            args,
            encrypts=f"access log of {name}",
            key_deletion_days=self._key_deletion_days,
            services=(LOGS,),
        )
        self._api = self._create_api()
        self._authorizer = self._create_authorizer(args)
        self._integration = self._create_integration(args)
        for route in ROUTES:
            self._create_route(route)
        self._create_stage(args)
        self._allow_invocations(args)
        self.api = self._api.id
        self.url = self._api.api_endpoint
        create_alarms(name, self._shared, self._alarms())
        self.register_outputs({"url": self.url, "api": self.api, "loggroup": self.loggroup})

    def charts(self) -> list[Chart]:
        """Return the charts of the calls for a dashboard."""
        return [
            Chart("API: calls", [self._metric(each) for each in ("Count", "4xx", "5xx")]),
            Chart("API: ms", [self._metric("Latency", "p50"), self._metric("Latency", "p99")]),
        ]

    def _check(self, args: BookingApiArgs) -> None:
        arguments = Arguments("BookingApi", self._name, args, BookingApiArgs)
        arguments.require("function", "issuer", "audiences")
        self._audiences = arguments.strings("audiences", [], MAX_AUDIENCES, r"[^\s]{1,255}", "audiences")
        self._origins = arguments.strings("origins", [], MAX_ORIGINS, ORIGIN, "origins") if args.get("origins") else []
        self._rate = arguments.integer("rate", 50, 1, 10_000, "calls per second")
        self._burst = arguments.integer("burst", 100, 1, 5_000, "calls")
        self._error_percent = arguments.integer("error_percent", 5, 1, 100, "percent")
        self._log_days = arguments.one_of("log_days", 365, RETENTIONS, "days")
        self._key_deletion_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()

    def _create_api(self) -> aws.apigatewayv2.Api:
        return aws.apigatewayv2.Api(
            f"{self._name}-api",
            protocol_type="HTTP",
            description="Purchases and refunds",
            cors_configuration=self._cors(),
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _cors(self) -> aws.apigatewayv2.ApiCorsConfigurationArgs | None:
        if not self._origins:
            return None
        return aws.apigatewayv2.ApiCorsConfigurationArgs(
            allow_origins=self._origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "idempotency-key", "prefer"],
            expose_headers=["location", "retry-after", "trace-id"],
            max_age=600,
        )

    def _create_authorizer(self, args: BookingApiArgs) -> aws.apigatewayv2.Authorizer:
        return aws.apigatewayv2.Authorizer(
            f"{self._name}-api-tokens",
            api_id=self._api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration=aws.apigatewayv2.AuthorizerJwtConfigurationArgs(
                issuer=args["issuer"], audiences=self._audiences
            ),
            opts=pulumi.ResourceOptions(parent=self._api),
        )

    def _create_integration(self, args: BookingApiArgs) -> aws.apigatewayv2.Integration:
        return aws.apigatewayv2.Integration(
            f"{self._name}-api-function",
            api_id=self._api.id,
            integration_type="AWS_PROXY",
            integration_uri=args["function"],
            integration_method="POST",
            payload_format_version="2.0",
            timeout_milliseconds=30_000,
            opts=pulumi.ResourceOptions(parent=self._api),
        )

    def _create_route(self, route: Route) -> None:
        aws.apigatewayv2.Route(
            f"{self._name}-api-{route.name.replace('_', '-')}",
            api_id=self._api.id,
            route_key=route.key,
            target=pulumi.Output.concat("integrations/", self._integration.id),
            authorization_type="NONE" if route.is_public else "JWT",
            authorizer_id=None if route.is_public else self._authorizer.id,
            opts=pulumi.ResourceOptions(parent=self._api),
        )

    def _create_stage(self, args: BookingApiArgs) -> None:
        key = args.get("logkey") or self._shared.key
        # API Gateway delivers access logs as Step Functions does: see the machine's group.
        prefix = f"/aws/vendedlogs/apis/{pulumi.get_project()}-{pulumi.get_stack()}-"
        group = log_group(f"{self._name}-access", self._shared, key=key, days=self._log_days, prefix=prefix)
        self.loggroup = group.name
        aws.apigatewayv2.Stage(
            f"{self._name}-api-stage",
            api_id=self._api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                detailed_metrics_enabled=True,
                throttling_rate_limit=self._rate,
                throttling_burst_limit=self._burst,
            ),
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=group.arn, format=LOG_FORMAT
            ),
            tags=self._shared.tags,
            opts=pulumi.ResourceOptions(parent=self._api),
        )

    def _allow_invocations(self, args: BookingApiArgs) -> None:
        """Allow only this API to invoke the function."""
        function = pulumi.Output.from_input(args["function"])
        aws.lambda_.Permission(
            f"{self._name}-api-invoke",
            action="lambda:InvokeFunction",
            function=function.apply(_function_of),
            qualifier=function.apply(lambda arn: ":".join(arn.split(":")[7:]) or None),
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._api.execution_arn, "/*/*"),
            opts=pulumi.ResourceOptions(parent=self._api),
        )

    def _alarms(self) -> list[Alarm]:
        return [
            Alarm(
                slug="api-errors",
                meaning=f"The API answered more than {self._error_percent} % of calls with a server error.",
                metric=self._metric("5xx"),
                percent_of=self._metric("Count"),
                threshold=self._error_percent,
            ),
            Alarm(
                slug="api-latency",
                meaning="The slowest API calls take more than 20 s. API Gateway ends a call after 30 s.",
                metric=self._metric("Latency", "p99"),
                threshold=20_000,
            ),
        ]

    def _metric(self, name: str, statistic: str = "Sum") -> Metric:
        return Metric(namespace="AWS/ApiGateway", name=name, statistic=statistic, dimensions={"ApiId": self._api.id})


def _function_of(arn: str) -> str:
    """Return the name of a function from its ARN, which may end in a qualifier."""
    return (arn.split(":") + [""] * 7)[6] or arn.split(":")[-1]
