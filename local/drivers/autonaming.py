"""Pulumi's setting `pulumi:autonaming`, which proposes names of resources; the engine applies it without this code.

https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming-configuration
"""

import json
import re
import secrets
import string
import uuid
from collections.abc import Mapping
from typing import Final

from ..errors import DeploymentFailed
from ..provider.resource import NameProposal

_MODES: Final = ("default", "verbatim", "disabled")
_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)(?:\((\d+)\))?\}")
_ALPHABETS: Final = {
    "hex": "0123456789abcdef",
    "num": string.digits,
    "string": string.ascii_lowercase,
    "alphanum": string.ascii_lowercase + string.digits,
}


class Autonaming:
    """The autonaming setting of a stack: one rule for all resources, with exceptions per provider or type."""

    def __init__(self, setting: str | None, project: str, stage: str) -> None:
        """Parse the setting's JSON. Raises DeploymentFailed for a setting that is not valid."""
        parsed = json.loads(setting) if setting else {}
        if not isinstance(parsed, dict):
            raise DeploymentFailed("pulumi:autonaming must be an object with the key mode or pattern.")
        self._setting: Mapping[str, object] = parsed
        self._names = {"project": project, "stack": stage, "organization": "organization"}

    def propose(self, token: str, logical_name: str) -> NameProposal:
        """Return the proposed name for a resource of a type, or an empty proposal if the type's own rule applies."""
        rule = self._rule_for(token)
        enforced = rule.get("enforce") is True
        pattern = rule.get("pattern")
        if isinstance(pattern, str):
            return NameProposal(name=self._expand(pattern, logical_name), enforced=enforced)
        match rule.get("mode", "default"):
            case "default":
                return NameProposal()
            case "verbatim":
                return NameProposal(name=logical_name, enforced=enforced)
            case "disabled":
                return NameProposal(disabled=True)
            case other:
                raise DeploymentFailed(f"pulumi:autonaming: mode must be one of {', '.join(_MODES)}, got {other!r}.")

    def _rule_for(self, token: str) -> Mapping[str, object]:
        provider = _object(_object(self._setting, "providers"), token.partition(":")[0])
        own = _object(_object(provider, "resources"), token)
        return next((rule for rule in (own, provider) if rule.keys() & {"mode", "pattern"}), self._setting)

    def _expand(self, pattern: str, logical_name: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._value(match, logical_name), pattern)

    def _value(self, match: re.Match[str], logical_name: str) -> str:
        name, length = match[1], match[2]
        if name in _ALPHABETS and length:
            return "".join(secrets.choice(_ALPHABETS[name]) for _ in range(int(length)))
        if name == "uuid":
            return str(uuid.uuid4())
        values = {**self._names, "name": logical_name}
        if name not in values:
            raise DeploymentFailed(f"pulumi:autonaming: the pattern has an unknown placeholder {match[0]}.")
        return values[name]


def _object(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}
