"""Names in AWS for resources that the program leaves unnamed: `<project>-<stage>-<logical>-<7 hex>`."""

import hashlib
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoName:
    """How a resource type names itself: which input holds the name, and what AWS allows in it."""

    property: str = "name"
    most: int = 255
    prefix: str = ""
    suffix_if: tuple[str, str] | None = None
    """An input and what the name must end with where that input is true: ("fifoQueue", ".fifo")."""
    lower: bool = False
    dots: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What the driver says about names in Check: the engine's seed, or the name that its own settings propose."""

    seed: bytes = b""
    proposed: str | None = None


def auto_name(rule: AutoName, urn: str, naming: Naming, suffix: str = "") -> str:
    """The name for a new resource; the same seed gives the same name, no seed a random one.

    >>> auto_name(AutoName(), "urn:pulumi:dev::booking::aws:sqs/queue:Queue::parking", Naming(seed=b"1"))
    'booking-dev-parking-b2e0aae'
    """
    if naming.proposed:
        return rule.prefix + naming.proposed + suffix
    head = _allowed(rule, "-".join(_parts(urn)))
    tail = "-" + _hex(urn, naming.seed) + suffix
    return rule.prefix + head[: rule.most - len(rule.prefix) - len(tail)].rstrip("-.") + tail


def _parts(urn: str) -> tuple[str, str, str]:
    _, stage_and, *rest = urn.split(":", 2)[0], *urn.split("::")
    return rest[0], stage_and.rsplit(":", 1)[-1], rest[-1]


def _hex(urn: str, seed: bytes) -> str:
    return hashlib.sha256(urn.encode() + seed).hexdigest()[:7] if seed else secrets.token_hex(4)[:7]


def _allowed(rule: AutoName, text: str) -> str:
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in text)
    kept = kept if rule.dots else kept.replace(".", "-")
    return kept.lower().replace("_", "-") if rule.lower else kept
