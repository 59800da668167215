"""A pool of staff is strict by default, and a stage takes its issuer and audience."""

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


def only(graph: Graph, type_: str) -> RegisteredResource:
    [found] = graph.of_type(type_)
    return found


def test_administrators_invite_people_who_need_a_second_factor() -> None:
    pool = only(synth_pool(), POOL).inputs
    assert pool["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    assert pool["mfaConfiguration"] == "ON"
    assert pool["softwareTokenMfaConfiguration"] == {"enabled": True}
    assert pool["accountRecoverySetting"] == {"recoveryMechanisms": [{"name": "admin_only", "priority": 1}]}


def test_passwords_are_long_and_of_every_kind() -> None:
    assert only(synth_pool(invitation_days=1), POOL).inputs["passwordPolicy"] == {
        "minimumLength": 14,
        "passwordHistorySize": 5,
        "requireLowercase": True,
        "requireNumbers": True,
        "requireSymbols": True,
        "requireUppercase": True,
        "temporaryPasswordValidityDays": 1,
    }


def test_the_pool_is_protected_unless_the_program_says_otherwise() -> None:
    strict, relaxed = (
        only(synth_pool(**given), POOL).inputs
        for given in ({}, {"threat_protection": False, "deletion_protection": False})
    )
    assert (strict["deletionProtection"], relaxed["deletionProtection"]) == ("ACTIVE", "INACTIVE")
    assert (strict["userPoolTier"], strict["userPoolAddOns"]) == ("PLUS", {"advancedSecurityMode": "ENFORCED"})
    assert (relaxed["userPoolTier"], relaxed.get("userPoolAddOns")) == ("ESSENTIALS", None)


def test_the_client_has_no_secret_no_password_flow_and_tells_nobody_who_exists() -> None:
    client = only(synth_pool(), CLIENT).inputs
    assert client["generateSecret"] is False
    assert (client["allowedOauthFlows"], client["allowedOauthScopes"]) == (["code"], ["openid"])
    assert client["explicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["preventUserExistenceErrors"] == "ENABLED"
    assert client["enableTokenRevocation"] is True


def test_access_tokens_live_for_15_minutes_and_a_session_for_a_working_day() -> None:
    client = only(synth_pool(), CLIENT).inputs
    assert client["tokenValidityUnits"] == {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "hours"}
    validity = [client[f"{each}TokenValidity"] for each in ("access", "id", "refresh")]
    assert validity == [15, 15, 8]


def test_there_is_a_group_for_each_role_but_the_customers() -> None:
    groups = {each.inputs["name"] for each in synth_pool().of_type(GROUP)}
    assert groups == {role.value for role in Role} - {"customer"}


def test_a_stage_takes_issuer_and_audience_of_the_pool() -> None:
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
def test_wrong_arguments_are_refused_in_words(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArguments, match=r"^StaffPool 'people' has 1 invalid argument:") as refused:
        synth_pool(**wrong)
    assert sentence in str(refused.value)


def test_https_and_localhost_are_the_only_callbacks() -> None:
    client = only(synth_pool(callbacks=["http://localhost:8080/", "https://a.example.com:8443/x?y=1"]), CLIENT)
    assert len(client.inputs["callbackUrls"]) == 2
    assert only(synth_pool(), DOMAIN).inputs["domain"] == "shop-staff"
