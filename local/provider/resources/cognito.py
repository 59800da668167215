"""Cognito user pools: the pool, its clients, groups, resource servers and the domain of its sign-in pages.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/

Longer than 250 lines because the five types share the pool's helpers.
"""

from collections.abc import Iterator

from ..aws import Aws
from ..journal import MARKER_TAG
from ..property_schema import CHOSEN_BY_AWS, ListOf, Object, Property, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs
from .common import TAGS, boolean, number, output, string, sync_tags
from .modelled import ModelledResource

_STRINGS = Property(schema=SetOf(String()))
_UNIT = string("seconds", "minutes", "hours", "days", default=CHOSEN_BY_AWS)
_NO_ADD_ONS = {"AdvancedSecurityMode": "OFF"}
_PASSWORD_POLICY = {
    "minimumLength": number(6, 99),
    "passwordHistorySize": number(0, 24, default=CHOSEN_BY_AWS),
    "requireLowercase": boolean(),
    "requireNumbers": boolean(),
    "requireSymbols": boolean(),
    "requireUppercase": boolean(),
    "temporaryPasswordValidityDays": number(0, 365, default=CHOSEN_BY_AWS),
}


def _chosen_object(**fields: Property) -> Property:
    """Return a group of properties that AWS fills in if the program does not set it."""
    return Property(schema=Object(fields), default=CHOSEN_BY_AWS)


class UserPool(ModelledResource):
    """A directory of people who sign in."""

    token = "aws:cognito/userPool:UserPool"
    service, noun, id_member, reads, wrapped_in = "cognito-idp", "UserPool", "Id", "Describe", "UserPool"
    auto_name = AutoName(max_length=128)
    identity = (
        "name",
    )  # kept in the journal, because no update changes it; AWS allows a second pool with the same name
    spelled = {"attributesRequireVerificationBeforeUpdates": "AttributesRequireVerificationBeforeUpdate"}
    properties = {
        "name": string(replaces=True),
        "accountRecoverySetting": _chosen_object(
            recoveryMechanisms=Property(
                schema=SetOf(
                    Object({"name": string(required=True), "priority": number(1, 2, required=True)}),
                )
            )
        ),
        "adminCreateUserConfig": _chosen_object(allowAdminCreateUserOnly=boolean()),
        "autoVerifiedAttributes": _STRINGS,
        "deletionProtection": string("ACTIVE", "INACTIVE", default="INACTIVE"),
        "mfaConfiguration": string("OFF", "ON", "OPTIONAL", default="OFF"),
        "passwordPolicy": _chosen_object(**_PASSWORD_POLICY),
        "softwareTokenMfaConfiguration": _chosen_object(enabled=boolean(required=True, default=None)),
        "userAttributeUpdateSettings": _chosen_object(
            attributesRequireVerificationBeforeUpdates=Property(schema=SetOf(String()), required=True)
        ),
        "usernameAttributes": Property(schema=SetOf(String()), replaces=True),
        "usernameConfiguration": Property(
            schema=Object({"caseSensitive": boolean()}), replaces=True, default=CHOSEN_BY_AWS
        ),
        "userPoolAddOns": Property(
            schema=Object({"advancedSecurityMode": string("OFF", "AUDIT", "ENFORCED", required=True)})
        ),
        "userPoolTier": string("LITE", "ESSENTIALS", "PLUS", default=CHOSEN_BY_AWS),
        "tags": TAGS,
        "arn": output(),
        "endpoint": output(),
    }

    def creation_extras(self, aws: Aws, inputs: Inputs, marker: str) -> Values:
        return {"UserPoolTags": aws.tags(inputs) | aws.marker_tag(marker)}

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        return next((pool for pool in _pools(aws) if _tags(aws, pool).get(MARKER_TAG) == marker), None)

    def keys(self, aws: Aws, id_: str) -> Values | None:
        return {"UserPoolId": id_}

    def request(self, inputs: Inputs) -> Values:
        members = {"UserPoolAddOns": _NO_ADD_ONS} | super().request(inputs)
        policies = {"PasswordPolicy": members["PasswordPolicy"]} if "PasswordPolicy" in members else None
        return members | {"PoolName": members["Name"]} | ({"Policies": policies} if policies else {})

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        super().converge(aws, id_, inputs, old)
        token = inputs.get("softwareTokenMfaConfiguration")
        if token or old:
            aws.client(self.service).set_user_pool_mfa_config(
                UserPoolId=id_,
                MfaConfiguration=inputs.get("mfaConfiguration", "OFF"),
                SoftwareTokenMfaConfiguration={"Enabled": bool(token and token["enabled"])},
            )
        _sync_tags(aws, id_, inputs)

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        more = {"PasswordPolicy": fact.get("Policies", {}).get("PasswordPolicy")}
        if fact.get("UserPoolAddOns") == _NO_ADD_ONS:
            more["UserPoolAddOns"] = None
        mfa = aws.client(self.service).get_user_pool_mfa_config(UserPoolId=id_)
        more["SoftwareTokenMfaConfiguration"] = mfa.get("SoftwareTokenMfaConfiguration")
        return super().outputs(aws, id_, {**fact, **more}) | {
            "endpoint": f"cognito-idp.{aws.region}.amazonaws.com/{id_}",
            "tags": dict(fact.get("UserPoolTags") or {}),
        }


class _PoolChild(ModelledResource):
    """A part of a pool, with an id `<pool><separator><name>`."""

    service = "cognito-idp"
    separator = "/"
    name_property = "name"

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs['userPoolId']}{self.separator}{inputs[self.name_property]}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        super().create(aws, inputs, marker)
        return f"{inputs['userPoolId']}{self.separator}{inputs[self.name_property]}"

    def keys(self, aws: Aws, id_: str) -> Values | None:
        pool, _, name = id_.partition(self.separator)
        return {"UserPoolId": pool, self.id_member: name}


class UserGroup(_PoolChild):
    """A group of a pool's users, which access tokens name in `cognito:groups`."""

    token = "aws:cognito/userGroup:UserGroup"
    noun, id_member, wrapped_in = "Group", "GroupName", "Group"
    auto_name = AutoName(max_length=128)
    identity = ("userPoolId", "name")
    spelled = {"name": "GroupName"}
    properties = {
        "userPoolId": string(required=True, replaces=True),
        "name": string(replaces=True),
        "description": string(replaces=True),
        "precedence": number(0, replaces=True, default=CHOSEN_BY_AWS),
        "roleArn": string(replaces=True),
    }

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        """Do nothing: MiniStack has no UpdateGroup, so every change creates a new group."""


class ResourceServer(_PoolChild):
    """An API whose scopes access tokens can have."""

    token = "aws:cognito/resourceServer:ResourceServer"
    noun, id_member, reads, wrapped_in = "ResourceServer", "Identifier", "Describe", "ResourceServer"
    separator, name_property = "|", "identifier"
    auto_name = AutoName(max_length=256)
    identity = ("userPoolId", "identifier")
    properties = {
        "userPoolId": string(required=True, replaces=True),
        "identifier": string(required=True, replaces=True),
        "name": string(),
        "scopes": Property(
            schema=SetOf(Object({"scopeDescription": string(required=True), "scopeName": string(required=True)}))
        ),
        "scopeIdentifiers": Property(schema=ListOf(String()), computed=True, derived_from=("scopes",)),
    }

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        names = [f"{fact['Identifier']}/{scope['ScopeName']}" for scope in fact.get("Scopes", ())]
        return super().outputs(aws, id_, fact) | {"scopeIdentifiers": names}


class UserPoolDomain(ModelledResource):
    """The prefix of the address of a pool's sign-in pages."""

    token = "aws:cognito/userPoolDomain:UserPoolDomain"
    service, noun, id_member, reads = "cognito-idp", "UserPoolDomain", "Domain", "Describe"
    wrapped_in = "DomainDescription"
    identity = ("domain",)
    properties = {
        "domain": string(required=True, replaces=True),
        "userPoolId": string(required=True, replaces=True),
        "managedLoginVersion": number(1, 2, default=CHOSEN_BY_AWS),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["domain"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.call(aws, "Create", self.request(inputs))
        return str(inputs["domain"])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        """Read the domain; AWS describes one that does not exist as an empty object."""
        found = super().read(aws, id_)
        return found or None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        if found := self.read(aws, id_):
            self.call(aws, "Delete", {"Domain": id_, "UserPoolId": found["userPoolId"]})


class UserPoolClient(ModelledResource):
    """An application in which a pool's users sign in. Its id does not contain the pool, so every pool is searched."""

    token = "aws:cognito/userPoolClient:UserPoolClient"
    service, noun, id_member, reads = "cognito-idp", "UserPoolClient", "ClientId", "Describe"
    wrapped_in = "UserPoolClient"
    auto_name = AutoName(max_length=128)
    identity = ("userPoolId", "name")
    spelled = {
        "name": "ClientName",
        "allowedOauthFlows": "AllowedOAuthFlows",
        "allowedOauthFlowsUserPoolClient": "AllowedOAuthFlowsUserPoolClient",
        "allowedOauthScopes": "AllowedOAuthScopes",
        "callbackUrls": "CallbackURLs",
        "logoutUrls": "LogoutURLs",
    }
    properties = {
        "userPoolId": string(required=True, replaces=True),
        "name": string(),
        "accessTokenValidity": number(1, 86_400, default=CHOSEN_BY_AWS),
        "allowedOauthFlows": _STRINGS,
        "allowedOauthFlowsUserPoolClient": boolean(),
        "allowedOauthScopes": _STRINGS,
        "authSessionValidity": number(3, 15, default=CHOSEN_BY_AWS),
        "callbackUrls": _STRINGS,
        "enableTokenRevocation": boolean(default=True),
        "explicitAuthFlows": _STRINGS,
        "generateSecret": boolean(replaces=True),
        "idTokenValidity": number(1, 86_400, default=CHOSEN_BY_AWS),
        "logoutUrls": _STRINGS,
        "preventUserExistenceErrors": string("ENABLED", "LEGACY", default=CHOSEN_BY_AWS),
        "refreshTokenValidity": number(0, 315_360_000, default=CHOSEN_BY_AWS),
        "supportedIdentityProviders": _STRINGS,
        "tokenValidityUnits": _chosen_object(accessToken=_UNIT, idToken=_UNIT, refreshToken=_UNIT),
        "clientSecret": Property(schema=String(), computed=True, secret=True),
    }

    def keys(self, aws: Aws, id_: str) -> Values | None:
        for pool in _pools(aws):
            if any(client["ClientId"] == id_ for client in _clients(aws, pool)):
                return {"UserPoolId": pool, "ClientId": id_}
        return None

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        pool, name = inputs["userPoolId"], inputs["name"]
        siblings = _clients(aws, pool) if pool in _pools(aws) else ()
        return next((str(client["ClientId"]) for client in siblings if client["ClientName"] == name), None)

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        return super().outputs(aws, id_, {**fact, "GenerateSecret": bool(fact.get("ClientSecret"))})

    def import_id(self, id_: str) -> str:
        return id_.rpartition("/")[2]


def _pools(aws: Aws) -> tuple[str, ...]:
    pages = aws.client("cognito-idp").get_paginator("list_user_pools").paginate(MaxResults=60)
    return tuple(pool["Id"] for page in pages for pool in page["UserPools"])


def _clients(aws: Aws, pool: str) -> Iterator[Values]:
    pages = aws.client("cognito-idp").get_paginator("list_user_pool_clients").paginate(UserPoolId=pool, MaxResults=60)
    return (client for page in pages for client in page["UserPoolClients"])


def _arn(aws: Aws, pool: str) -> str:
    return aws.arn("cognito-idp", f"userpool/{pool}")


def _tags(aws: Aws, pool: str) -> dict[str, str]:
    return dict(aws.client("cognito-idp").list_tags_for_resource(ResourceArn=_arn(aws, pool)).get("Tags", {}))


def _sync_tags(aws: Aws, pool: str, inputs: Inputs) -> None:
    sync_tags(aws.client("cognito-idp"), aws, inputs, _tags(aws, pool), pairs=dict, ResourceArn=_arn(aws, pool))
