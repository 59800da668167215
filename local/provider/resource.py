"""The definition of a resource type of the embedded AWS: a table of its properties, and four verbs on boto3.

A class defines its `properties` and how to `create`, `converge`, `read` and `delete`; everything else (checks, diffs,
previews, names, adoption of orphans, partial failures) is generic and in `provider.Provider`. Create and Update share
one routine: `create` makes the bare resource in the fewest calls and returns its id; `converge` then updates the
existing resource to the inputs, and is all that an update does. If `create` is complete, the type says so, and only
adopted or updated resources are converged.
"""

import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from .aws import Aws
from .property_schema import CHOSEN_BY_AWS, MapOf, Property, String
from .property_values import ReadonlyValues, Values

Inputs: TypeAlias = ReadonlyValues
"""The program's checked inputs in normal form; optional ones may be missing but are never None."""
Outputs: TypeAlias = Values
"""The state in AWS, in normal form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoName:
    """The name that pulumi-aws gives an unnamed resource of a type: the logical name, a hyphen and 7 random digits.

    Source: `provider/resources.go` and `provider/autonaming.go` of pulumi-aws 7.
    """

    property: str = "name"
    """The input with the name."""
    max_length: int = 255
    """The maximum length of the name, without prefix and suffix."""
    prefix: str = ""
    suffix_if: tuple[str, str] | None = None
    """An input and the suffix of the name if that input is true: ("fifoQueue", ".fifo")."""
    lowercase: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProposal:
    """The driver's part in automatic names: the engine's seed, or the name that its settings propose."""

    seed: bytes = b""
    name: str | None = None
    enforced: bool = False
    """True to use the proposed name unchanged, without the type's own rules."""
    disabled: bool = False
    """True to reject unnamed resources."""


class Resource(ABC):
    """A resource type. Stateless: one object serves all resources of the type, in many threads."""

    token: ClassVar[str]
    """Pulumi's type token: `aws:dynamodb/table:Table`."""
    properties: ClassVar[Mapping[str, Property]]
    """Every supported property; `region`, and the outputs of `tags`, are added automatically."""
    auto_name: ClassVar[AutoName | None] = None
    """The rule for the name of an unnamed resource; None if the type has no name or the program must set it."""
    is_regional: ClassVar[bool] = True
    """True if resources of the type belong to a region; those of IAM do not."""
    creates_completely: ClassVar[bool] = False
    """True if `create` is complete, so that a creation skips `converge`."""
    identity: ClassVar[tuple[str, ...]] = ()
    """The inputs by which AWS identifies a resource of the type: a replacement that keeps them deletes first."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "properties" in vars(cls):
            cls.properties = {**cls.properties, **_common_properties(cls.properties, cls.is_regional)}

    def validate(self, inputs: Inputs) -> Mapping[str, str]:
        """Return the problems of properties that are valid by themselves but not together: property → message."""
        return {}

    @abstractmethod
    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        """Create the bare resource and return its id.

        `marker` identifies this creation: types without names tag their resources with it (`aws.marked(marker)`), so
        that `find` recognises an orphan.
        """

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        """Return the id of the resource that an interrupted `create` with the same names or marker has left, if any."""
        id_ = self.id_of(aws, inputs)
        return id_ if id_ is not None and self.read(aws, id_) is not None else None

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        """Return the id if the inputs determine it."""
        return None

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        """Update the existing resource to the inputs; `old` are the previous inputs, empty after a creation."""

    @abstractmethod
    def read(self, aws: Aws, id_: str) -> Outputs | None:
        """Return all that AWS has about the resource; None if it does not exist."""

    @abstractmethod
    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        """Delete the resource; succeed if it does not exist."""

    def import_id(self, id_: str) -> str:
        """Return the id for a user's argument to `pulumi import`: the same, unless a type overrides this."""
        return id_


def _common_properties(properties: Mapping[str, Property], regional: bool) -> dict[str, Property]:
    """Return the properties of nearly every AWS type: the region, and the tags as AWS returns them."""
    added = {"region": Property(schema=String(), default=CHOSEN_BY_AWS, replaces=True)} if regional else {}
    if "tags" in properties:
        added["tagsAll"] = Property(schema=MapOf(String()), computed=True, derived_from=("tags",))
    return {name: property_ for name, property_ in added.items() if name not in properties}


def generate_prefixed_name(prefix: str, urn: str, proposal: NameProposal) -> str:
    """Generate a name that begins with `prefix`. Terraform appends 26 digits, of which these are the last."""
    return prefix + _random_hex(urn, proposal.seed)


def generate_name(rule: AutoName, urn: str, proposal: NameProposal, suffix: str = "") -> str:
    """Generate the name of a new resource: the same for the same seed, a random one without a seed.

    >>> generate_name(AutoName(), "urn:pulumi:dev::booking::aws:sqs/queue:Queue::parking", NameProposal(seed=b"1"))
    'parking-8d4ef5b'

    Raises:
        NameMissing: automatic names are disabled, or this one would be too long.
    """
    if proposal.disabled:
        raise NameMissing("must be set, because pulumi:autonaming disables automatic names")
    if proposal.name and proposal.enforced:
        return proposal.name
    logical = urn.split("::")[-1]
    name = proposal.name or f"{logical}-{_random_hex(urn, proposal.seed)}"
    if len(name) > rule.max_length:
        raise NameMissing(
            f"must be set, or the logical name must have at most {rule.max_length - 8} characters: "
            f"{name!r} would have {len(name)}, and {rule.max_length} are allowed"
        )
    name = name.lower() if rule.lowercase else name
    return rule.prefix + name.removeprefix(rule.prefix) + suffix


class NameMissing(ValueError):
    """The program must name the resource."""


def _random_hex(urn: str, seed: bytes) -> str:
    return hashlib.sha256(urn.encode() + seed).hexdigest()[:7] if seed else secrets.token_hex(4)[:7]
