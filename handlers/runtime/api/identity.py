"""The caller, read from an access token whose signature API Gateway's authorizer has verified.

The authorizer passes claims on as strings (an array as "[a b]"), from which roles cannot be parsed safely. They are
read from the token itself, after checking that it is the verified one. All other claims are checked again here, because
the embedded AWS's authorizer is laxer than AWS's (it accepts tokens without `exp`) and the check costs nothing.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from ...contracts.api_routes import Role
from ...domain.requests import person_id_of
from .http_calls import ApiProblem, Call

_BEARER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_ALGORITHMS: Final = ("RS256", "RS384", "RS512")  # API Gateway supports no others
_ACCESS_TYPES: Final = ("at+jwt", "application/at+jwt")
_MAX_SUBJECT: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person or machine with its roles."""

    iss: str
    sub: str
    roles: frozenset[Role]
    is_machine: bool = False

    @property
    def person_id(self) -> str:
        """The id by which orders and requests name the caller."""
        return person_id_of(self.iss, self.sub)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The tokens that a stage accepts."""

    issuer: str
    audiences: frozenset[str]
    roles_claim: str


def identify(call: Call, rules: TokenRules, now: datetime) -> Caller:
    """Return the caller of a call.

    Raises:
        ApiProblem: 401 without a valid access token; 403 without a role.
    """
    header, payload = _read_token(call)
    fault = _fault(header, payload, call.claims, rules, now)
    if fault:
        raise _unauthorized_problem(fault)
    roles = _roles(payload.get(rules.roles_claim))
    if not roles:
        raise ApiProblem(403, "NO_ROLE", f"The token's claim {rules.roles_claim!r} lists none of {', '.join(Role)}.")
    return Caller(iss=str(payload["iss"]), sub=str(payload["sub"]), roles=roles, is_machine=_is_machine(payload))


def _read_token(call: Call) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    match = _BEARER.fullmatch(call.headers.get("authorization", ""))
    parts = [_decode(match[1]), _decode(match[2])] if match else []
    if not parts or None in parts:
        raise _unauthorized_problem("The header Authorization must be one `Bearer` with one JSON web token.")
    header, payload = parts
    return cast("Mapping[str, Any]", header), cast("Mapping[str, Any]", payload)


def _decode(part: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _fault(
    header: Mapping[str, Any],
    payload: Mapping[str, Any],
    claims: Mapping[str, object],
    rules: TokenRules,
    now: datetime,
) -> str | None:
    """Return the first problem of a token, or an empty string."""
    expires = payload.get("exp")
    checks = (
        (header.get("alg") not in _ALGORITHMS, f"The token must be signed with {', '.join(_ALGORITHMS)}."),
        (not _is_access_token(header, payload), "The token must be an access token."),
        (payload.get("iss") != rules.issuer, "The token comes from a different issuer."),
        (not _is_subject(payload.get("sub")), "The token must name its subject in `sub`."),
        (not _is_time(expires), "The token must have an expiry time: `exp` is missing."),
        (_is_time(expires) and cast("float", expires) <= now.timestamp(), "The token has expired."),
        (rules.audiences.isdisjoint(_audiences(payload)), "The token is for a different audience."),
        (not _is_verified(payload, claims), "The token is not the one that was verified."),
    )
    return next((message for is_wrong, message in checks if is_wrong), None)


def _is_access_token(header: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    use = payload.get("token_use")
    return use == "access" or (use is None and str(header.get("typ", "")).lower() in _ACCESS_TYPES)


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_SUBJECT


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _audiences(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the audiences; Cognito's access tokens name their client instead."""
    value = payload.get("aud", payload.get("client_id"))
    if isinstance(value, list):
        return tuple(each for each in cast("list[object]", value) if isinstance(each, str))
    return (value,) if isinstance(value, str) else ()


def _is_verified(payload: Mapping[str, Any], claims: Mapping[str, object]) -> bool:
    named = all(claims.get(name) == payload.get(name) for name in ("iss", "sub"))
    return named and _seconds(claims.get("exp")) == _seconds(payload.get("exp"))


def _seconds(value: object) -> int | None:
    """Return a time in seconds; API Gateway passes numbers as strings, large ones in exponent notation."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def _roles(value: object) -> frozenset[Role]:
    """Return the roles in a claim. A group is a role only if its full name matches."""
    groups = cast("list[object]", value) if isinstance(value, list) else []
    return frozenset(role for role in Role if role.value in groups)


def _is_machine(payload: Mapping[str, Any]) -> bool:
    """Return whether a client acts for itself (OAuth's client credentials), in the notation of the usual providers.

    Auth0 appends `@clients` to the client's id, Okta sets `cid`, Entra sets `idtyp`, and Keycloak has an account for
    each client.
    """
    clients = {str(payload[name]) for name in ("client_id", "azp", "cid") if payload.get(name)}
    has_client_grant = payload.get("gty") == "client-credentials" or payload.get("idtyp") == "app"
    has_client_account = str(payload.get("preferred_username", "")).startswith("service-account-")
    return has_client_grant or has_client_account or str(payload["sub"]).removesuffix("@clients") in clients


def _unauthorized_problem(detail: str) -> ApiProblem:
    return ApiProblem(401, "UNAUTHORIZED", detail, headers={"www-authenticate": 'Bearer error="invalid_token"'})
