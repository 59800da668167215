"""Callers that the API has identified: their ids, and the proof that it was the API that did so.

Anyone who may start an execution can write any name into a request. The API therefore sends a statement about the
caller with it, and a MAC over that statement that only the API can make.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from .canonical import Json, canonical, digest, format_instant, parse_instant

PROOF_LIFE: Final = timedelta(seconds=60)
"""Time within which an execution must start; its retries and redrives keep that start."""


def person_id_of(issuer: str, subject: str) -> str:
    """Return the id of a person or machine, by which orders and requests name them."""
    return f"c_{digest([issuer, subject])[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The API's word on who makes a request."""

    iss: str
    sub: str
    roles: tuple[str, ...]
    request_digest: str
    expires: str

    @property
    def person_id(self) -> str:
        """The id of the caller."""
        return person_id_of(self.iss, self.sub)

    def as_json(self) -> dict[str, Json]:
        """Return the statement as it is sent and signed."""
        facts = {name: getattr(self, name) for name in ("iss", "sub", "request_digest", "expires")}
        return {**facts, "roles": list(self.roles)}


class ProofSigner(Protocol):
    """The key of the MACs. Every method may raise `Unavailable`."""

    def sign(self, message: bytes) -> str:
        """Return the MAC of a message of at most 4096 bytes."""
        ...

    def is_valid(self, message: bytes, mac: str) -> bool:
        """Return whether the MAC is that of the message."""
        ...


def enclose(request: Json, *, iss: str, sub: str, roles: tuple[str, ...], key: ProofSigner, now: datetime) -> Json:
    """Return the request with the caller and the proof: the input of an execution."""
    expires = format_instant(now + PROOF_LIFE)
    caller = Statement(iss=iss, sub=sub, roles=roles, request_digest=digest(request), expires=expires)
    return {"request": request, "caller": caller.as_json(), "mac": key.sign(_signed_bytes(caller))}


def find_fault(caller: Statement, mac: str, request: Json, started_at: str, key: ProofSigner) -> str | None:
    """Return what is wrong with a proof, or None if the API made it for this request and this start."""
    if not key.is_valid(_signed_bytes(caller), mac):
        return "its MAC is not the API's"
    if caller.request_digest != digest(request):
        return "it was made for another request"
    if parse_instant(started_at) > parse_instant(caller.expires):
        return f"it expired at {caller.expires}, before the execution started"
    return None


def _signed_bytes(caller: Statement) -> bytes:
    return canonical(caller.as_json()).encode("ascii")
