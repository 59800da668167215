"""HTTP APIs: the API, its authorizers, integrations, routes and stages.

Ids are AWS's own, without the API, so a child is searched for in every API. A stage has only a name, so its id here is
`<api>/<name>`. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/

Longer than 250 lines because the five types refer to one another.
"""

from typing import Any, ClassVar

from ..aws import Aws
from ..journal import MARKER_TAG
from ..property_schema import CHOSEN_BY_AWS, ListOf, MapOf, Object, Property, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs
from .common import TAGS, boolean, number, output, string, sync_tags
from .modelled import ModelledResource, spell

_STRINGS = Property(schema=SetOf(String()))
_CORS = {
    "allowCredentials": boolean(),
    "allowHeaders": _STRINGS,
    "allowMethods": _STRINGS,
    "allowOrigins": _STRINGS,
    "exposeHeaders": _STRINGS,
    "maxAge": number(-1, 86400, default=0),
}
_THROTTLING = {
    "detailedMetricsEnabled": boolean(),
    "throttlingBurstLimit": number(0),
    "throttlingRateLimit": number(0),
}


class Api(ModelledResource):
    """An HTTP API."""

    token = "aws:apigatewayv2/api:Api"
    service, noun, id_member = "apigatewayv2", "Api", "ApiId"
    auto_name = AutoName(max_length=128)
    properties = {
        "name": string(),
        "protocolType": string("HTTP", required=True, replaces=True),
        "description": string(),
        "version": string(),
        "corsConfiguration": Property(schema=Object(_CORS)),
        "disableExecuteApiEndpoint": boolean(),
        "tags": TAGS,
        "arn": output(),
        "apiEndpoint": output(),
        "executionArn": output(),
    }

    def creation_extras(self, aws: Aws, inputs: Inputs, marker: str) -> Values:
        return {"Tags": aws.tags(inputs) | aws.marker_tag(marker)}

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        return next((id_ for id_ in _apis(aws) if _tags(aws, id_).get(MARKER_TAG) == marker), None)

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        super().converge(aws, id_, inputs, old)
        if old and not inputs.get("corsConfiguration"):
            aws.client(self.service).delete_cors_configuration(ApiId=id_)
        _sync_tags(aws, id_, inputs)

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        return super().outputs(aws, id_, fact) | {
            "arn": _arn(aws, id_),
            "apiEndpoint": _endpoint(aws, id_),
            "executionArn": aws.arn("execute-api", id_),
            "tags": _tags(aws, id_),
        }


class _Child(ModelledResource):
    """A part of an API; its id does not contain the API."""

    creates_completely = True
    service = "apigatewayv2"
    identifying_properties: ClassVar[tuple[str, ...]]
    """The inputs by which an orphan of an interrupted creation is recognised within its API."""

    def keys(self, aws: Aws, id_: str) -> Values | None:
        for api in _apis(aws):
            if any(sibling[self.id_member] == id_ for sibling in self._siblings(aws, api)):
                return {"ApiId": api, self.id_member: id_}
        return None

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        api = inputs.get("apiId")
        siblings = self._siblings(aws, api) if api in _apis(aws) else ()
        members = [spell(name, self.spelled) for name in self.identifying_properties if name != "apiId"]
        wanted = [self.request(inputs).get(member) for member in members]
        for sibling in siblings:
            if [sibling.get(member) or None for member in members] == wanted:  # "" means a missing string
                return str(sibling[self.id_member])
        return None

    def import_id(self, id_: str) -> str:
        return id_.rpartition("/")[2]

    def _siblings(self, aws: Aws, api: str) -> list[Values]:
        pages = aws.client(self.service).get_paginator(f"get_{self.noun.lower()}s").paginate(ApiId=api)
        return [item for page in pages for item in page["Items"]]


class Authorizer(_Child):
    """The verification of tokens before a route."""

    token = "aws:apigatewayv2/authorizer:Authorizer"
    noun, id_member = "Authorizer", "AuthorizerId"
    identity = identifying_properties = ("apiId", "name")
    auto_name = AutoName(max_length=128)
    spelled = {"audiences": "Audience", "identitySources": "IdentitySource"}
    properties = {
        "apiId": string(required=True, replaces=True),
        "authorizerType": string("JWT", required=True, replaces=True),
        "identitySources": Property(schema=SetOf(String()), required=True),
        "jwtConfiguration": Property(schema=Object({"audiences": _STRINGS, "issuer": string()})),
        "name": string(),
    }


class Integration(_Child):
    """The function or address that a route calls."""

    token = "aws:apigatewayv2/integration:Integration"
    noun, id_member = "Integration", "IntegrationId"
    identifying_properties = ("integrationUri", "description")
    spelled = {"timeoutMilliseconds": "TimeoutInMillis"}
    properties = {
        "apiId": string(required=True, replaces=True),
        "integrationType": string("AWS_PROXY", "HTTP_PROXY", required=True, replaces=True),
        "integrationUri": string(),
        "integrationMethod": string(default=CHOSEN_BY_AWS),
        "payloadFormatVersion": string("1.0", "2.0", default="1.0"),
        "timeoutMilliseconds": number(50, 30000, default=CHOSEN_BY_AWS),
        "description": string(),
    }


class Route(_Child):
    """A method and a path, with the integration that answers and the authorizer that is called first."""

    token = "aws:apigatewayv2/route:Route"
    noun, id_member = "Route", "RouteId"
    identity = identifying_properties = ("apiId", "routeKey")
    properties = {
        "apiId": string(required=True, replaces=True),
        "routeKey": string(required=True),
        "target": string(),
        "authorizationType": string("NONE", "JWT", "AWS_IAM", default="NONE"),
        "authorizerId": string(),
        "authorizationScopes": _STRINGS,
        "operationName": string(),
    }


class Stage(_Child):
    """A deployment of an API under a name, with its throttling and access log."""

    token = "aws:apigatewayv2/stage:Stage"
    noun, id_member = "Stage", "StageName"
    identity = ("apiId", "name")
    auto_name = AutoName(max_length=128)
    spelled = {"name": "StageName"}
    properties = {
        "apiId": string(required=True, replaces=True),
        "name": string(replaces=True),
        "autoDeploy": boolean(),
        "description": string(),
        "stageVariables": Property(schema=MapOf(String())),
        "defaultRouteSettings": Property(schema=Object(_THROTTLING)),
        "routeSettings": Property(schema=ListOf(Object({"routeKey": string(required=True), **_THROTTLING}))),
        "accessLogSettings": Property(
            schema=Object({"destinationArn": string(required=True), "format": string(required=True)})
        ),
        "tags": TAGS,
        "arn": output(),
        "executionArn": output(),
        "invokeUrl": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['apiId']}/{inputs['name']}" if {"apiId", "name"} <= set(inputs) else None

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        id_ = self.id_of(aws, inputs)
        return id_ if id_ and self.read(aws, id_) else None

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        super().create(aws, inputs, marker)
        return f"{inputs['apiId']}/{inputs['name']}"

    def creation_extras(self, aws: Aws, inputs: Inputs, marker: str) -> Values:
        return {"Tags": aws.tags(inputs)}

    def keys(self, aws: Aws, id_: str) -> Values | None:
        api, _, name = id_.partition("/")
        return {"ApiId": api, "StageName": name}

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        super().converge(aws, id_, inputs, old)
        _sync_tags(aws, id_.replace("/", "/stages/"), inputs)

    def request(self, inputs: Inputs) -> Values:
        members = super().request(inputs)
        per_route = {each["RouteKey"]: _without(each, "RouteKey") for each in members.get("RouteSettings", ())}
        return members | {"RouteSettings": per_route}

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        per_route = [{"RouteKey": key, **settings} for key, settings in fact.get("RouteSettings", {}).items()]
        api, _, name = id_.partition("/")
        return super().outputs(aws, id_, {**fact, "RouteSettings": per_route}) | {
            "arn": _arn(aws, f"{api}/stages/{name}"),
            "executionArn": aws.arn("execute-api", id_),
            "invokeUrl": f"{_endpoint(aws, api)}/{'' if name == '$default' else name}",
            "tags": _tags(aws, f"{api}/stages/{name}"),
        }

    def import_id(self, id_: str) -> str:
        return id_


def _apis(aws: Aws) -> tuple[str, ...]:
    pages = aws.client("apigatewayv2").get_paginator("get_apis").paginate()
    return tuple(item["ApiId"] for page in pages for item in page["Items"])


def _arn(aws: Aws, path: str) -> str:
    return aws.arn("apigateway", f"/apis/{path}", account=False)


def _endpoint(aws: Aws, api: str) -> str:
    """Return the address of an API on the embedded AWS, because AWS's host names do not resolve here."""
    client: Any = aws.client("apigatewayv2")
    return f"{client.meta.endpoint_url}/_aws/execute-api/{api}"


def _tags(aws: Aws, path: str) -> dict[str, str]:
    return dict(aws.client("apigatewayv2").get_tags(ResourceArn=_arn(aws, path)).get("Tags", {}))


def _sync_tags(aws: Aws, path: str, inputs: Inputs) -> None:
    sync_tags(aws.client("apigatewayv2"), aws, inputs, _tags(aws, path), pairs=dict, ResourceArn=_arn(aws, path))


def _without(values: ReadonlyValues, name: str) -> Values:
    return {key: value for key, value in values.items() if key != name}
