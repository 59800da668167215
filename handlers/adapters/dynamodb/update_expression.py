"""Update expressions, built from paths and values; every name is a placeholder, so that none is a reserved word."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...domain.canonical import Json
from .attribute_values import encode


@dataclass(slots=True)
class Update:
    """What an update sets, adds and removes, and under which condition."""

    condition: str = ""
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _values: dict[str, Any] = field(default_factory=dict[str, Any])
    _sets: list[str] = field(default_factory=list[str])
    _removes: list[str] = field(default_factory=list[str])

    def name(self, *path: str) -> str:
        """The placeholder of a path of attribute names."""
        return ".".join(self._names.setdefault(f"{part}", f"#n{len(self._names)}") for part in path)

    def value(self, value: Json) -> str:
        """The placeholder of a value."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = encode(value)
        return placeholder

    def set(self, values: Mapping[str, Json]) -> None:
        """Set top-level attributes."""
        for name, value in values.items():
            self.set_at((name,), value)

    def set_at(self, path: tuple[str, ...], value: Json) -> None:
        """Set what lies at a path."""
        self._sets.append(f"{self.name(*path)} = {self.value(value)}")

    def append(self, name: str, values: list[Json]) -> None:
        """Add to the end of a list."""
        self._sets.append(f"{self.name(name)} = list_append({self.name(name)}, {self.value(values)})")

    def increase(self, name: str, by: int) -> None:
        """Add to a number that is there."""
        self._sets.append(f"{self.name(name)} = {self.name(name)} + {self.value(by)}")

    def remove(self, *names: str) -> None:
        """Remove attributes, where they are there."""
        self._removes += [self.name(name) for name in names]

    def request(self) -> dict[str, Any]:
        """The parts of an UpdateItem that say all this."""
        removes = f" REMOVE {', '.join(self._removes)}" if self._removes else ""
        return {
            "UpdateExpression": f"SET {', '.join(self._sets)}{removes}",
            "ConditionExpression": self.condition,
            "ExpressionAttributeNames": {placeholder: name for name, placeholder in self._names.items()},
            "ExpressionAttributeValues": dict(self._values),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
