"""Admission: only access tokens of the issuer, for an audience, with a role."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.contracts.api_routes import ROUTES, Role, Route
from tests.api.api_callers import Api, person
from tests.fakes.api_gateway import claims_of

OTHER = "https://other.example.com"


@pytest.fixture(scope="module")
def api() -> Api:
    return Api()


def target(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x1", route.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
@pytest.mark.parametrize("role", [*Role, None])
def test_a_route_admits_only_its_roles(api: Api, route: Route, role: Role | None) -> None:
    """The whole matrix; an admitted call may still be answered with 400 or 404."""
    reply = api.call(route.method, target(route), api.token("anna", *([role] if role else [])))
    is_admitted = route.is_public or role in route.roles
    assert (reply.status not in (401, 403)) == is_admitted
    assert is_admitted or reply.code == ("NO_ROLE" if role is None else "ROLE_NOT_ALLOWED")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_only_public_routes_answer_without_a_token(api: Api, route: Route) -> None:
    assert (api.call(route.method, target(route)).status == 401) == (not route.is_public)


REFUSED: dict[str, Any] = {
    "a foreign issuer": lambda api: api.token("anna", Role.STAFF, iss=OTHER),
    "an expired one": lambda api: api.token("anna", Role.STAFF, exp=int(api.world.clock().timestamp())),
    "one without exp": lambda api: api.token("anna", Role.STAFF, exp=None),
    "one whose exp is a string": lambda api: api.token("anna", Role.STAFF, exp="9999999999"),
    "one whose exp is true": lambda api: api.token("anna", Role.STAFF, exp=True),
    "a wrong audience": lambda api: api.token("anna", Role.STAFF, aud="shop"),
    "no audience": lambda api: api.token("anna", Role.STAFF, aud=None),
    "an audience that contains ours": lambda api: api.token("anna", Role.STAFF, aud="booking other"),
    "alg none": lambda api: api.token("anna", Role.STAFF, header={"alg": "none"}),
    "HS256": lambda api: api.token("anna", Role.STAFF, header={"alg": "HS256"}),
    "an ID token": lambda api: api.token("anna", Role.STAFF, header={"typ": "JWT"}),
    "an ID token of Cognito": lambda api: api.token("anna", Role.STAFF, token_use="id"),
    "no subject": lambda api: api.token("anna", Role.STAFF, sub=None),
    "an empty subject": lambda api: api.token("", Role.STAFF),
    "a subject that is a list": lambda api: api.token("anna", Role.STAFF, sub=["anna"]),
}


@pytest.mark.parametrize("attack", REFUSED)
def test_an_invalid_token_is_refused_even_if_the_authorizer_accepts_it(api: Api, attack: str) -> None:
    reply = api.call("GET", "/v1/me", REFUSED[attack](api))
    assert (reply.status, reply.code) == (401, "UNAUTHORIZED")
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("groups", [["Domain staff"], ["[staff]"], ["staff,approver"], ["STAFF"], [], "staff", None])
def test_only_a_group_with_the_exact_name_of_a_role_grants_it(api: Api, groups: Any) -> None:
    """The authorizer's flat string "[Domain staff]" would split into `staff`."""
    reply = api.call("GET", "/v1/me", api.token("anna", groups=groups))
    assert (reply.status, reply.code) == (403, "NO_ROLE")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic YTpi",
        "Bearer",
        "Bearer a.b",
        "Bearer a.b.c",
        "{} {}",
        "Bearer {}, Bearer {}",
        "Bearer {},Bearer x.y.z",
    ],
)
def test_a_header_without_exactly_one_bearer_token_is_refused(api: Api, header: str) -> None:
    token = api.token("anna", Role.STAFF)
    reply = api.call("GET", "/v1/me", claims=claims_of(token), authorization=header.replace("{}", token))
    assert reply.status == 401


@pytest.mark.parametrize("claim", ["iss", "sub", "exp"])
def test_a_token_that_differs_from_the_verified_claims_is_refused(api: Api, claim: str) -> None:
    token = api.token("anna", Role.STAFF)
    for claims in ({**claims_of(token), claim: "1"}, {}, {k: v for k, v in claims_of(token).items() if k != claim}):
        assert api.call("GET", "/v1/me", token, claims=claims).status == 401


def test_callers_see_their_id_and_roles(api: Api) -> None:
    shown = api.call("GET", "/v1/me", api.token("anna", Role.AUDITOR, Role.CUSTOMER)).body
    assert (shown["id"], shown["roles"], shown["is_machine"]) == (person("anna"), ["auditor", "customer"], False)


def test_a_cognito_token_is_accepted_with_its_client_as_the_audience(api: Api) -> None:
    token = api.token("anna", Role.STAFF, aud=None, client_id="booking", token_use="access", header={"typ": None})
    assert api.call("GET", "/v1/me", token).status == 200


@pytest.mark.parametrize(
    ("sub", "claims"),
    [
        ("robot", {"client_id": "robot"}),
        ("robot", {"client_id": "other", "azp": "robot"}),
        ("robot", {"cid": "robot"}),
        ("robot@clients", {"azp": "robot"}),
        ("robot", {"gty": "client-credentials"}),
        ("robot", {"idtyp": "app"}),
        ("5f0e4c1a-7d3b", {"azp": "robot", "preferred_username": "service-account-robot"}),
    ],
)
def test_a_client_acting_for_itself_is_a_machine(api: Api, sub: str, claims: dict[str, str]) -> None:
    assert api.call("GET", "/v1/me", api.token(sub, Role.STAFF, **claims)).body["is_machine"]


@pytest.mark.parametrize("claims", [{"azp": "web", "preferred_username": "anna"}, {"cid": "web"}, {"client_id": ""}])
def test_a_person_using_a_client_is_not_a_machine(api: Api, claims: dict[str, str]) -> None:
    assert not api.call("GET", "/v1/me", api.token("anna", Role.STAFF, **claims)).body["is_machine"]


@given(st.text(), st.text())
def test_ids_differ_for_another_split_of_the_same_issuer_and_subject(issuer: str, subject: str) -> None:
    from handlers.domain.requests import person_id_of

    known = person_id_of(issuer, subject)
    assert len(known) == 34
    assert subject == "" or known != person_id_of(issuer + subject[0], subject[1:])


def test_no_part_of_a_token_is_logged(api: Api) -> None:
    token = api.token("anna@example.com", Role.STAFF)
    api.world.lines.clear()
    api.call("GET", "/v1/orders?customer=secret-customer", token)
    [line] = api.world.lines
    for secret in (*token.split("."), "anna@example.com", "secret-customer"):
        assert secret not in line
    assert person("anna@example.com") in line
