"""The definition of a resource type of the embedded AWS: a table of its properties, and four verbs on boto3.

A class writes down its `properties` and how to `create`, `converge`, `read` and `delete`; everything else (checks,
diffs, previews, names, adoption of orphans, partial failures) is generic and lives in `provider.Provider`.

The division of labour keeps Create and Update one routine: `create` makes the bare resource in the fewest calls and
returns its id; `converge` then brings whatever is there to what is asked for, and is all that an update does. A type
whose `create` does all of it says so, and a creation of it is not converged; what is adopted or updated is.
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
"""The program's inputs, checked, in normal form; optional ones may be missing, never None."""
Outputs: TypeAlias = Values
"""The state in AWS, in normal form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoName:
    """The name that pulumi-aws gives an unnamed resource of a type: the logical name, a hyphen and 7 random digits.

    Source: `provider/resources.go` and `provider/autonaming.go` of pulumi-aws 7.
    """

    property: str = "name"
    """The input that holds the name."""
    max_length: int = 255
    """The longest name, without prefix and suffix; a longer one is an error."""
    prefix: str = ""
    suffix_if: tuple[str, str] | None = None
    """An input and the suffix of the name where that input is true: ("fifoQueue", ".fifo")."""
    lowercase: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProposal:
    """The driver's part in automatic names: the engine's seed, or the name that its own settings propose."""

    seed: bytes = b""
    name: str | None = None
    enforced: bool = False
    """Take the proposed name as it is, without the type's own rules."""
    disabled: bool = False
    """Refuse to make up a name."""


class Resource(ABC):
    """A resource type. Stateless: one object serves all resources of the type, in many threads."""

    token: ClassVar[str]
    """Pulumi's type token: `aws:dynamodb/table:Table`."""
    properties: ClassVar[Mapping[str, Property]]
    """Every property that is supported here; `region`, and the outputs of `tags`, are added by themselves."""
    auto_name: ClassVar[AutoName | None] = None
    """The rule for the name of an unnamed resource; None where AWS has no name or the program must give it."""
    is_regional: ClassVar[bool] = True
    """Resources of the type belong to a region; those of IAM do not."""
    creates_completely: ClassVar[bool] = False
    """`create` leaves nothing to do for `converge`, so a creation makes none of its calls."""
    identity: ClassVar[tuple[str, ...]] = ()
    """The inputs by which AWS tells two resources of the type apart: a replacement that keeps them deletes first."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "properties" in vars(cls):
            cls.properties = {**cls.properties, **_common_properties(cls.properties, cls.is_regional)}

    def validate(self, inputs: Inputs) -> Mapping[str, str]:
        """Combinations that are wrong although each property is right: property → sentence."""
        return {}

    @abstractmethod
    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        """Make the bare resource and return its id.

        `marker` is this creation's own: a type whose resources have no name tags them with it (`aws.marked(marker)`),
        so that `find` recognises an orphan.
        """

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        """The id of what an interrupted `create` with the same names or the same marker has left, if anything."""
        id_ = self.id_of(aws, inputs)
        return id_ if id_ is not None and self.read(aws, id_) is not None else None

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        """The id that follows from the inputs alone, where it does."""
        return None

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        """Bring the existing resource to the inputs; `old` is what was asked for last, empty after a creation."""

    @abstractmethod
    def read(self, aws: Aws, id_: str) -> Outputs | None:
        """Everything that AWS knows of the resource; None when it is gone."""

    @abstractmethod
    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        """Remove the resource; one that is gone already is a success."""

    def import_id(self, id_: str) -> str:
        """The id for what a user types after `pulumi import`, where the two differ."""
        return id_


def _common_properties(properties: Mapping[str, Property], regional: bool) -> dict[str, Property]:
    """Return the properties of nearly every AWS type: the region, and the tags as AWS shows them."""
    added = {"region": Property(schema=String(), default=CHOSEN_BY_AWS, replaces=True)} if regional else {}
    if "tags" in properties:
        added["tagsAll"] = Property(schema=MapOf(String()), computed=True, derived_from=("tags",))
    return {name: property_ for name, property_ in added.items() if name not in properties}


def generate_prefixed_name(prefix: str, urn: str, proposal: NameProposal) -> str:
    """Generate a name that begins with `prefix`; Terraform ends it with 26 digits, of which these are the last ones."""
    return prefix + _random_hex(urn, proposal.seed)


def generate_name(rule: AutoName, urn: str, proposal: NameProposal, suffix: str = "") -> str:
    """Generate the name of a new resource: the same for the same seed, a random one without a seed.

    >>> generate_name(AutoName(), "urn:pulumi:dev::booking::aws:sqs/queue:Queue::parking", NameProposal(seed=b"1"))
    'parking-8d4ef5b'

    Raises:
        NameMissing: automatic names are disabled, or this one would be too long.
    """
    if proposal.disabled:
        raise NameMissing("must be set, since automatic names are disabled by pulumi:autonaming")
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
