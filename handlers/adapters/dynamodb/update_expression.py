"""Update expressions, built from paths and values. Names are placeholders, because some are reserved words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...domain.canonical import Json
from .attribute_values import encode


@dataclass(slots=True)
class Update:
    """The assignments, additions and removals of an update, and its condition."""

    condition: str = ""
    _names: dict[str, str] = field(default_factory=dict[str, str])
    _values: dict[str, Any] = field(default_factory=dict[str, Any])
    _sets: list[str] = field(default_factory=list[str])
    _removes: list[str] = field(default_factory=list[str])

    def name(self, *path: str) -> str:
        """Return the placeholder of a path of attribute names."""
        return ".".join(self._names.setdefault(f"{part}", f"#n{len(self._names)}") for part in path)

    def value(self, value: Json) -> str:
        """Return the placeholder of a value."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = encode(value)
        return placeholder

    def set(self, values: Mapping[str, Json]) -> None:
        """Set top-level attributes."""
        for name, value in values.items():
            self.set_at((name,), value)

    def set_at(self, path: tuple[str, ...], value: Json) -> None:
        """Set the attribute at a path."""
        self._sets.append(f"{self.name(*path)} = {self.value(value)}")

    def append(self, name: str, values: list[Json]) -> None:
        """Append to a list."""
        self._sets.append(f"{self.name(name)} = list_append({self.name(name)}, {self.value(values)})")

    def increase(self, name: str, by: int) -> None:
        """Add to an existing number."""
        self._sets.append(f"{self.name(name)} = {self.name(name)} + {self.value(by)}")

    def remove(self, *names: str) -> None:
        """Remove attributes, if they exist."""
        self._removes += [self.name(name) for name in names]

    def request(self) -> dict[str, Any]:
        """Return the parameters of the UpdateItem call."""
        clauses = [
            f"{verb} {', '.join(each)}" for verb, each in (("SET", self._sets), ("REMOVE", self._removes)) if each
        ]
        return {
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": self.condition,
            "ExpressionAttributeNames": {placeholder: name for name, placeholder in self._names.items()},
            "ExpressionAttributeValues": dict(self._values),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
