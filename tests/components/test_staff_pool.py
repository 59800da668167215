"""A staff pool is strict by default, and a stage accepts its issuer and audience."""

from typing import Any

import pytest

from components import StaffPool, Stage
from components.base import InvalidArguments
from handlers.contracts.api_routes import Role
from tests.components.synth import Graph, RegisteredResource, record

POOL, CLIENT = "aws:cognito/userPool:UserPool", "aws:cognito/userPoolClient:UserPoolClient"
GROUP, DOMAIN = "aws:cognito/userGroup:UserGroup", "aws:cognito/userPoolDomain:UserPoolDomain"
ARGS: dict[str, Any] = {"domain": "shop-staff", "callbacks": ["https://desk.example.com/"]}


def synth_pool(**args: Any) -> Graph:
    return record(lambda: StaffPool("people", {**ARGS, **args}))  # type: ignore[typeddict-item]


def find_single(graph: Graph, type_: str) -> RegisteredResource:
    [found] = graph.of_type(type_)
    return found


def test_only_administrators_create_users_and_mfa_is_required() -> None:
    pool = find_single(synth_pool(), POOL).inputs
    assert pool["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    assert pool["mfaConfiguration"] == "ON"
    assert pool["softwareTokenMfaConfiguration"] == {"enabled": True}
    assert pool["accountRecoverySetting"] == {"recoveryMechanisms": [{"name": "admin_only", "priority": 1}]}


def test_the_password_policy_is_strict() -> None:
    assert find_single(synth_pool(invitation_days=1), POOL).inputs["passwordPolicy"] == {
        "minimumLength": 14,
        "passwordHistorySize": 5,
        "requireLowercase": True,
        "requireNumbers": True,
        "requireSymbols": True,
        "requireUppercase": True,
        "temporaryPasswordValidityDays": 1,
    }


def test_the_pool_is_protected_unless_the_arguments_disable_it() -> None:
    strict, relaxed = (
        find_single(synth_pool(**given), POOL).inputs
        for given in ({}, {"threat_protection": False, "deletion_protection": False})
    )
    assert (strict["deletionProtection"], relaxed["deletionProtection"]) == ("ACTIVE", "INACTIVE")
    assert (strict["userPoolTier"], strict["userPoolAddOns"]) == ("PLUS", {"advancedSecurityMode": "ENFORCED"})
    assert (relaxed["userPoolTier"], relaxed.get("userPoolAddOns")) == ("ESSENTIALS", None)


def test_the_client_has_no_secret_no_password_flow_and_hides_which_users_exist() -> None:
    client = find_single(synth_pool(), CLIENT).inputs
    assert client["generateSecret"] is False
    assert (client["allowedOauthFlows"], client["allowedOauthScopes"]) == (["code"], ["openid"])
    assert client["explicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["preventUserExistenceErrors"] == "ENABLED"
    assert client["enableTokenRevocation"] is True


def test_access_tokens_live_for_15_minutes_and_sessions_for_8_hours() -> None:
    client = find_single(synth_pool(), CLIENT).inputs
    assert client["tokenValidityUnits"] == {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "hours"}
    validity = [client[f"{each}TokenValidity"] for each in ("access", "id", "refresh")]
    assert validity == [15, 15, 8]


def test_every_role_except_customer_has_a_group() -> None:
    groups = {each.inputs["name"] for each in synth_pool().of_type(GROUP)}
    assert groups == {role.value for role in Role} - {"customer"}


def test_a_stage_accepts_issuer_and_audience_of_the_pool() -> None:
    graph = synth_pool(region="eu-west-1")
    outputs = graph.registered["people"]
    stage = Stage.of(
        "dev", {"alertEmail": "team@example.com", "apiIssuer": outputs["issuer"], "apiAudiences": [outputs["audience"]]}
    )
    assert stage.api_issuer == "https://cognito-idp.eu-west-1.amazonaws.com/booking-people-pool-0123456"
    assert outputs["signin"] == "https://shop-staff.auth.eu-west-1.amazoncognito.com"
    assert set(outputs) == {"issuer", "audience", "pool", "signin"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"domain": "my-cognito"}, "domain must be 1–63 lower-case letters, digits and inner hyphens, without aws"),
        ({"domain": "-shop"}, "domain must be 1–63 lower-case letters"),
        ({"callbacks": ["http://desk.example.com/"]}, "callbacks must be a list of 1–100 addresses"),
        ({"callbacks": None}, "callbacks is required."),
        ({"access_minutes": 120}, "access_minutes must be an integer, 5–60 minutes, got 120."),
        ({"session_hours": 0}, "session_hours must be an integer, 1–24 hours, got 0."),
    ],
)
def test_each_invalid_argument_is_reported(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArguments, match=r"^StaffPool 'people' has 1 invalid argument:") as refused:
        synth_pool(**wrong)
    assert sentence in str(refused.value)


def test_https_and_localhost_callbacks_are_accepted() -> None:
    client = find_single(synth_pool(callbacks=["http://localhost:8080/", "https://a.example.com:8443/x?y=1"]), CLIENT)
    assert len(client.inputs["callbackUrls"]) == 2
    assert find_single(synth_pool(), DOMAIN).inputs["domain"] == "shop-staff"
