"""The stacks that the in-process driver has deployed into an instance, each in a file of the run folder.

A record contains what is needed to recognise an unchanged program: the id of each resource, its automatic name, and a
digest of its inputs. The resources themselves are read from the embedded AWS, so no secret is stored.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from ..provider.diff import AUTO_NAMED, NAME_PREFIX
from ..provider.property_schema import canonical_values
from ..provider.property_values import FileArchive
from ..provider.registry import resource_type
from ..provider.resource import Inputs

FOLDER: Final = "stacks"
"""The name of the records' folder in a run folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedResource:
    """One resource of a deployed stack."""

    id: str
    digest: str
    """SHA-256 of the inputs in canonical form, in hexadecimal digits."""
    names: dict[str, str] = field(default_factory=dict)
    """The property that was named automatically, and the prefix of its value if the program gave one."""

    @classmethod
    def of(cls, token: str, id_: str, inputs: Inputs, default_tags: Mapping[str, str]) -> "DeployedResource":
        """Describe a resource that was created from checked inputs under a provider's default tags."""
        names = {name: str(inputs[name]) for name in (*inputs.get(AUTO_NAMED, ()), NAME_PREFIX) if name in inputs}
        return cls(id=id_, digest=digest_of(token, inputs, default_tags), names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """The resources of one stack, by URN."""

    file: Path
    resources: dict[str, DeployedResource]

    @property
    def exists(self) -> bool:
        """Return whether the stack was deployed completely."""
        return self.file.exists()

    def save(self, resources: Mapping[str, DeployedResource]) -> None:
        """Write the record of a finished deployment."""
        self.file.parent.mkdir(exist_ok=True)
        content = {"schema": 1, "resources": {urn: asdict(resource) for urn, resource in resources.items()}}
        self.file.write_text(json.dumps(content, indent=1) + "\n")

    def others(self) -> list[str]:
        """Return the other stacks of the instance, as `project.stage`."""
        return sorted(file.stem for file in self.file.parent.glob("*.json") if file != self.file)


def load_record(folder: Path, project: str, stage: str) -> StackRecord:
    """Return the record of a stack in a run folder; an empty one before its first deployment."""
    file = folder / FOLDER / f"{project}.{stage}.json"
    content = json.loads(file.read_text()) if file.exists() else {"resources": {}}
    resources = {urn: DeployedResource(**resource) for urn, resource in content["resources"].items()}
    return StackRecord(file=file, resources=resources)


def digest_of(token: str, inputs: Inputs, default_tags: Mapping[str, str]) -> str:
    """Return the digest of checked inputs and default tags, which is equal for equivalent inputs."""
    properties = resource_type(token).properties
    meaning = [canonical_values(properties, inputs), dict(default_tags) if "tags" in properties else {}]
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, default=_encode).encode()).hexdigest()


def _encode(value: object) -> str:
    return value.hash if isinstance(value, FileArchive) else repr(value)
