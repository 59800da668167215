"""Names in AWS for resources that the program leaves unnamed: `<project>-<stage>-<logical>-<7 hex>`."""

import hashlib
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoName:
    """How a resource type names itself: which input holds the name, and what AWS allows in it."""

    property: str = "name"
    max_length: int = 255
    prefix: str = ""
    suffix_if: tuple[str, str] | None = None
    """An input and what the name must end with where that input is true: ("fifoQueue", ".fifo")."""
    lowercase: bool = False
    allow_dots: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProposal:
    """What the driver says about names in Check: the engine's seed, or the name that its own settings propose."""

    seed: bytes = b""
    name: str | None = None


def generate_name(rule: AutoName, urn: str, proposal: NameProposal, suffix: str = "") -> str:
    """The name for a new resource; the same seed gives the same name, no seed a random one.

    >>> auto_name(AutoName(), "urn:pulumi:dev::booking::aws:sqs/queue:Queue::parking", Naming(seed=b"1"))
    'booking-dev-parking-b2e0aae'
    """
    if proposal.name:
        return rule.prefix + proposal.name + suffix
    head = _replace_forbidden(rule, "-".join(_name_parts(urn)))
    tail = "-" + _random_hex(urn, proposal.seed) + suffix
    return rule.prefix + head[: rule.max_length - len(rule.prefix) - len(tail)].rstrip("-.") + tail


def _name_parts(urn: str) -> tuple[str, str, str]:
    _, stage_and, *rest = urn.split(":", 2)[0], *urn.split("::")
    return rest[0], stage_and.rsplit(":", 1)[-1], rest[-1]


def _random_hex(urn: str, seed: bytes) -> str:
    return hashlib.sha256(urn.encode() + seed).hexdigest()[:7] if seed else secrets.token_hex(4)[:7]


def _replace_forbidden(rule: AutoName, text: str) -> str:
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in text)
    kept = kept if rule.allow_dots else kept.replace(".", "-")
    return kept.lower().replace("_", "-") if rule.lowercase else kept
