"""The program's project files, copied for the engine, which rewrites its stage file.

The copies differ from the originals in three ways: the values for this run are set, the settings of an external secrets
provider are left out, and the salt that the engine added is kept from run to run.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..drivers.stack_config import default_project_name
from ..errors import EngineError, PassphraseMissing, UnknownStage
from ..instance.token_issuer import BOOKING, default_api_config
from ..provider.property_values import ReadonlyValues, Values

_SECRETS_PROVIDER_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A program and one of its stages."""

    program: Path
    stage: str

    @property
    def root(self) -> Path:
        return self.program.resolve().parent

    @property
    def name(self) -> str:
        """The name that the engine uses."""
        return str(self._project_settings()["name"])

    def copy_to(self, folder: Path, config: ReadonlyValues) -> None:
        """Write the two files for the engine; raises UnknownStage, or PassphraseMissing if one is needed."""
        settings, stage = self._project_settings(), self._stage_settings()
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f"Pulumi.{self.stage}.yaml"
        stage["config"] = {
            **(stage.get("config") or {}),
            **{self._qualified_key(key): _parse_json(config[key]) for key in config},
        }
        if settings["name"] == BOOKING:
            stage["config"] |= {key: _parse_json(value) for key, value in default_api_config(stage["config"]).items()}
        self._drop_secrets_provider(stage, copy)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        copy.write_text(yaml.safe_dump(stage, sort_keys=False))

    def uses_own_passphrase(self) -> bool:
        """Return whether the stage file contains secrets encrypted with the user's passphrase."""
        stage = self._stage_settings()
        return "encryptionsalt" in stage and _has_secret(stage.get("config"))

    def _project_settings(self) -> Values:
        file = self.root / "Pulumi.yaml"
        if file.exists():
            return _read_yaml(file)
        return {"name": default_project_name(self.program.resolve()), "runtime": "python"}

    def _stage_settings(self) -> Values:
        file = self.root / f"Pulumi.{self.stage}.yaml"
        if file.exists():
            return _read_yaml(file)
        stages = sorted(other.name.split(".")[1] for other in self.root.glob("Pulumi.*.yaml"))
        if stages:
            raise UnknownStage(
                f"There is no stage {self.stage!r}: {file.name} is missing; the stages are {', '.join(stages)}."
            )
        return {}

    def _qualified_key(self, key: str) -> str:
        return key if ":" in key else f"{self.name}:{key}"

    def _drop_secrets_provider(self, stage: Values, copy: Path) -> None:
        if self.uses_own_passphrase():
            return
        if _has_secret(stage.get("config")):
            raise PassphraseMissing(
                f"Pulumi.{self.stage}.yaml contains secrets encrypted by "
                f"{stage.get('secretsprovider', 'another provider')}, which cannot be decrypted here: give those "
                "keys plain values for the embedded AWS (--config)."
            )
        for key in _SECRETS_PROVIDER_KEYS:
            stage.pop(key, None)
        salt = _read_yaml(copy).get("encryptionsalt") if copy.exists() else None
        if salt:
            stage["encryptionsalt"] = salt


def _parse_json(value: object) -> object:
    """Return a value; lists and objects may be given as JSON text, as on a command line."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


def _read_yaml(file: Path) -> Values:
    try:
        return dict(yaml.safe_load(file.read_text()) or {})
    except (yaml.YAMLError, ValueError) as error:
        raise EngineError(f"{file.name} cannot be read: {' '.join(str(error).split())}.") from error


def _has_secret(value: object) -> bool:
    if isinstance(value, Mapping):
        return "secure" in value or any(_has_secret(item) for item in value.values())
    return isinstance(value, list) and any(_has_secret(item) for item in value)
