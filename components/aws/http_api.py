"""HTTP APIs of API Gateway in front of one function: throttled, with access logs without path, query and body."""

import json
from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from ..base import Shared

ACCESS_LOG_FORMAT: Final = json.dumps(
    {
        "requestId": "$context.requestId",
        "route": "$context.routeKey",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
    }
)


def http_api(
    name: str,
    shared: Shared,
    *,
    describes: str,
    function: pulumi.Output[str],
    alias: pulumi.Output[str],
    routes: Sequence[str],
    rate: int,
    access_log: aws.cloudwatch.LogGroup,
) -> aws.apigatewayv2.Stage:
    """Create an API whose `routes` (such as `POST /orders`) invoke a function; any other path is answered with 404.

    `function` is its name, and `alias` the ARN of its alias `live`. `rate` is the number of requests a second beyond
    which API Gateway answers 429. Return the stage, whose `invoke_url` is the address.
    """
    below = pulumi.ResourceOptions(parent=shared.parent)
    api = aws.apigatewayv2.Api(f"{name}-api", protocol_type="HTTP", description=describes, tags=shared.tags, opts=below)
    child = pulumi.ResourceOptions(parent=api)
    integration = aws.apigatewayv2.Integration(
        f"{name}-api-integration",
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=alias,
        payload_format_version="2.0",
        opts=child,
    )
    target = pulumi.Output.concat("integrations/", integration.id)
    for number, route in enumerate(routes):
        aws.apigatewayv2.Route(f"{name}-api-route-{number}", api_id=api.id, route_key=route, target=target, opts=child)
    aws.lambda_.Permission(
        f"{name}-api-permission",
        action="lambda:InvokeFunction",
        function=function,
        qualifier=alias.apply(lambda arn: arn.rpartition(":")[2]),  # and therefore after the alias
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
        opts=child,
    )
    return aws.apigatewayv2.Stage(
        f"{name}-api-stage",
        api_id=api.id,
        name="$default",
        auto_deploy=True,
        default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
            throttling_rate_limit=rate, throttling_burst_limit=2 * rate
        ),
        access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
            destination_arn=access_log.arn, format=ACCESS_LOG_FORMAT
        ),
        tags=shared.tags,
        opts=child,
    )
