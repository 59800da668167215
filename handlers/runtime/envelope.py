"""The two shapes of an execution's input: a bare request, or the API's envelope around one.

Everything but the proof of the caller uses only the request, so both shapes give the same fingerprint, id and recorded
request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..contracts.prebuilt import ApiCaller, ApiProof
from ..contracts.pydantic_engine import ValidationError
from ..domain.requests import PlaceOrder, ProofSigner, Request, Statement, find_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgedProof:
    """An invalid proof, and the reason."""

    reason: str


def unwrap(value: object) -> object:
    """Return the request in the API's envelope; anything else is the request itself."""
    return _members(value)["request"] if _is_envelope(value) else value


def verify_origin(value: object, request: Request, started_at: str, key: ProofSigner | None) -> str | ForgedProof:
    """Return the origin of an input, `api` or `direct`, or a forgery if the envelope does not prove its caller.

    Raises:
        Unavailable: KMS did not answer; the step is retried.
    """
    if not _is_envelope(value):
        return "direct"
    if key is None:
        return ForgedProof(reason="this deployment has no API")
    envelope = _members(value)
    try:
        proof = ApiProof.model_validate({"caller": envelope["caller"], "mac": envelope["mac"]})
    except ValidationError:
        return ForgedProof(reason="it does not have the API's format")
    caller = _statement(proof.caller)
    if caller.person_id != _person(request):
        return ForgedProof(reason="it is about another caller")
    fault = find_fault(caller, proof.mac, cast("Any", envelope["request"]), started_at, key)
    return ForgedProof(reason=fault) if fault else "api"


def _is_envelope(value: object) -> bool:
    return isinstance(value, Mapping) and set(cast("Mapping[object, object]", value)) == {"request", "caller", "mac"}


def _members(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value)


def _statement(caller: ApiCaller) -> Statement:
    return Statement(
        iss=caller.iss,
        sub=caller.sub,
        roles=tuple(caller.roles),
        request_digest=caller.request_digest,
        expires=caller.expires,
    )


def _person(request: Request) -> str:
    """Return the id of the person that a request names as its requester."""
    return request.customer_id if isinstance(request, PlaceOrder) else request.requested_by
