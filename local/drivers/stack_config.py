"""A program's configuration, merged as in the engine: `Pulumi.<stage>.yaml` over `Pulumi.yaml`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ..errors import DeploymentFailed
from ..instance.token_issuer import BOOKING, default_api_config
from ..provider.property_values import ReadonlyValues, Values
from .autonaming import Autonaming

_ENCRYPTED = "is encrypted, and only the engine can decrypt it: pass it with --config, or deploy with --engine pulumi"


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """The values that a program may read with `pulumi.Config`, as strings."""

    project: str
    stage: str
    values: dict[str, str]

    @cached_property
    def autonaming(self) -> Autonaming:
        """The setting `pulumi:autonaming`."""
        return Autonaming(self.values.get("pulumi:autonaming"), self.project, self.stage)

    @property
    def default_tags(self) -> dict[str, str]:
        """The AWS provider's default tags."""
        return dict(json.loads(self.values.get("aws:defaultTags", "{}")).get("tags") or {})


def load_config(
    program: Path, stage: str, overrides: ReadonlyValues | None = None, *, own_issuer: bool = True
) -> StackConfig:
    """Return the configuration of one stage, with the overrides.

    With `own_issuer`, a stage of the booking program without an issuer gets the embedded AWS's own, and therefore an
    API.

    Raises:
        DeploymentFailed: the stage is unknown, or its file cannot be read.
    """
    folder = program.parent
    project = _read_yaml(folder / "Pulumi.yaml") if (folder / "Pulumi.yaml").exists() else {}
    name = str(project.get("name") or default_project_name(program))
    values = {_qualified_key(name, key): value for key, value in _project_values(project).items() if value is not None}
    values |= {_qualified_key(name, key): value for key, value in _stage_values(folder, stage).items()}
    values |= {_qualified_key(name, key): value for key, value in (overrides or {}).items()}
    if own_issuer and name == BOOKING:
        values |= default_api_config(values)
    return StackConfig(project=name, stage=stage, values={key: _to_string(key, value) for key, value in values.items()})


def default_project_name(program: Path) -> str:
    """Return the project of a program without `Pulumi.yaml`: its file's name, or the folder's of a `__main__.py`.

    >>> default_project_name(Path("/tests/points.py")), default_project_name(Path("/shop/__main__.py"))
    ('points', 'shop')
    """
    name = program.parent.name if program.stem == "__main__" else program.stem
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name) or "program"


def _project_values(project: ReadonlyValues) -> Values:
    """The values and defaults in the project file: `key: {default: …}`, `key: {value: …}`, or `key: …`."""
    declared = project.get("config") or {}
    return {
        key: entry.get("value", entry.get("default")) if isinstance(entry, Mapping) else entry
        for key, entry in declared.items()
    }


def _stage_values(folder: Path, stage: str) -> Values:
    file = folder / f"Pulumi.{stage}.yaml"
    if file.exists():
        return dict(_read_yaml(file).get("config") or {})
    stages = sorted(path.name.split(".")[1] for path in folder.glob("Pulumi.*.yaml"))
    if stages:
        raise DeploymentFailed(f"There is no stage {stage!r}: {file} does not exist; there are {', '.join(stages)}.")
    return {}


def _read_yaml(file: Path) -> Values:
    try:
        return dict(yaml.safe_load(file.read_text()) or {})
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DeploymentFailed(f"{file} cannot be read: {error}") from error


def _qualified_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _to_string(key: str, value: Any) -> str:
    if isinstance(value, Mapping) and "secure" in value:
        raise DeploymentFailed(f"The configuration value {key} {_ENCRYPTED}.")
    return value if isinstance(value, str) else json.dumps(value)
