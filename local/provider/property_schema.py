"""A schema language for resource types: the schemas of values, and the properties that have them.

A schema has three methods: `faults` yields the problems of a value, `canonical` returns a form in which equivalent
values are equal, and `to_inputs` returns the part of the actual value that belongs in a program's inputs. Longer than
250 lines because schemas and properties are mutually dependent.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .property_values import UNKNOWN, FileArchive, PropertyPath, has_unknown


class _Chosen:
    def __repr__(self) -> str:
        return "chosen by AWS"


CHOSEN_BY_AWS: Final = _Chosen()
"""The default of a property whose value AWS chooses if the program does not set it."""


@dataclass(frozen=True, slots=True)
class PropertyFault:
    """One problem of a program's inputs, with its path."""

    path: PropertyPath
    reason: str


class Schema(ABC):
    """The type of a property's value."""

    @abstractmethod
    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        """Yield the problems of a value that is neither None nor unknown."""

    def canonical(self, value: object) -> object:
        """Return a form in which equivalent values are equal; unknown values stay unknown."""
        return value

    def to_inputs(self, actual: object, written: object) -> object:
        """Return the parts of the actual value that the program wrote or that differ from their defaults."""
        return written if self.canonical(actual) == self.canonical(written) else actual


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property: its type, who sets it, and the effect of a change."""

    schema: Schema
    required: bool = False
    replaces: bool = False
    """True if a change requires a new resource."""
    computed: bool = False
    """True if only AWS sets it."""
    default: object = None
    """AWS's value if the program does not set it; `CHOSEN_BY_AWS` equals anything that was not written."""
    write_only: bool = False
    """True if AWS (or the embedded one) does not return it; the program's last value is used."""
    derived_from: tuple[str, ...] = ()
    """For a computed property: the properties that it depends on; if one changes, a preview shows it as unknown."""
    secret: bool = False
    """True if it is never shown, even if the program does not mark it as secret."""


@dataclass(frozen=True, slots=True)
class String(Schema):
    """A string, optionally one of a few."""

    one_of: tuple[str, ...] = ()

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if not isinstance(value, str):
            yield PropertyFault(path, f"expected a string, got {_type_name(value)}")
        elif self.one_of and value not in self.one_of:
            yield PropertyFault(path, f"expected one of {', '.join(self.one_of)}, got {value!r}")


@dataclass(frozen=True, slots=True)
class Number(Schema):
    """An integer or float within limits."""

    minimum: float | None = None
    maximum: float | None = None

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield PropertyFault(path, f"expected a number, got {_type_name(value)}")
        elif (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            yield PropertyFault(path, f"expected {self.minimum} to {self.maximum}, got {value}")


@dataclass(frozen=True, slots=True)
class Boolean(Schema):
    """True or false."""

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if not isinstance(value, bool):
            yield PropertyFault(path, f"expected true or false, got {_type_name(value)}")


@dataclass(frozen=True, slots=True)
class FileContent(Schema):
    """An archive or asset, compared by hash."""

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if not isinstance(value, FileArchive):
            yield PropertyFault(path, f"expected an archive, got {_type_name(value)}")


@dataclass(frozen=True, slots=True)
class JsonString(Schema):
    """A JSON document as text, compared by meaning: spacing and the order of keys do not matter.

    In a policy, neither do the order of a list, nor a list of one element instead of the element.
    """

    policy: bool = False

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if _parse(value) is _NOT_JSON:
            yield PropertyFault(path, "expected a JSON document as a string")

    def canonical(self, value: object) -> object:
        document = _parse(value)
        if document is _NOT_JSON:
            return value
        return json.dumps(_canonical_policy(document) if self.policy else document, sort_keys=True)


@dataclass(frozen=True, slots=True)
class KmsKeyId(String):
    """A KMS key, by its id or its ARN, which are equivalent."""

    def canonical(self, value: object) -> object:
        return value.rsplit("key/", 1)[-1] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class FunctionName(String):
    """A function, by its name or its ARN, each with or without a version or alias, which are equivalent."""

    def canonical(self, value: object) -> object:
        return value.rsplit("function:", 1)[-1] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Object(Schema):
    """A nested group of properties."""

    fields: Mapping[str, Property]

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if not isinstance(value, Mapping):
            yield PropertyFault(path, f"expected an object, got {_type_name(value)}")
            return
        yield from find_faults(self.fields, value, path)

    def canonical(self, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return canonical_values(self.fields, value)

    def to_inputs(self, actual: object, written: object) -> object:
        if not isinstance(actual, Mapping):
            return actual
        return inputs_from_actual(self.fields, actual, written if isinstance(written, Mapping) else {})


@dataclass(frozen=True, slots=True)
class ListOf(Schema):
    """A list whose order matters."""

    item: Schema

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if not isinstance(value, list):
            yield PropertyFault(path, f"expected a list, got {_type_name(value)}")
            return
        for index, item in enumerate(value):
            if item is not None and item is not UNKNOWN:
                yield from self.item.faults((*path, index), item)

    def canonical(self, value: object) -> object:
        return [self.item.canonical(item) for item in value] if isinstance(value, list) else value

    def to_inputs(self, actual: object, written: object) -> object:
        if not isinstance(actual, list):
            return actual
        pairs = written if isinstance(written, list) and len(written) == len(actual) else [None] * len(actual)
        return [self.item.to_inputs(item, pair) for item, pair in zip(actual, pairs, strict=True)]


@dataclass(frozen=True, slots=True)
class SetOf(ListOf):
    """A list whose order does not matter."""

    def canonical(self, value: object) -> object:
        if not isinstance(value, list):
            return value
        return sorted((self.item.canonical(item) for item in value), key=_sort_key)

    def to_inputs(self, actual: object, written: object) -> object:
        """Return the value in the program's order, followed by other elements."""
        if not isinstance(actual, list):
            return actual
        remaining = list(actual)
        result = []
        for written_item in written if isinstance(written, list) else []:
            match = next(
                (item for item in remaining if self.item.canonical(item) == self.item.canonical(written_item)), None
            )
            if match is not None:
                remaining.remove(match)
                result.append(written_item)
        return result + [self.item.to_inputs(item, None) for item in remaining]


@dataclass(frozen=True, slots=True)
class MapOf(Schema):
    """A map with arbitrary keys."""

    item: Schema

    def faults(self, path: PropertyPath, value: object) -> Iterator[PropertyFault]:
        if not isinstance(value, Mapping):
            yield PropertyFault(path, f"expected an object, got {_type_name(value)}")
            return
        for key, item in value.items():
            if item is not None and item is not UNKNOWN:
                yield from self.item.faults((*path, key), item)

    def canonical(self, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {key: self.item.canonical(item) for key, item in value.items() if item is not None}


def find_faults(
    properties: Mapping[str, Property], values: Mapping[str, object], path: PropertyPath = ()
) -> Iterator[PropertyFault]:
    """Yield a problem for every unknown, missing and ill-typed property of a group."""
    settable = sorted(name for name, property_ in properties.items() if not property_.computed)
    for name, value in values.items():
        if name.startswith("__") or value is None:
            continue
        if name not in settable:
            yield PropertyFault(
                (*path, name), f"not supported in the embedded AWS; supported here: {', '.join(settable)}"
            )
        elif value is not UNKNOWN:
            yield from properties[name].schema.faults((*path, name), value)
    for name in settable:
        if properties[name].required and values.get(name) is None:
            yield PropertyFault((*path, name), "required and missing")


def canonical_values(properties: Mapping[str, Property], values: Mapping[str, object]) -> dict[str, object]:
    """Return every settable property in its canonical form, with defaults filled in and empty ones left out."""
    result = {}
    for name, property_ in properties.items():
        if property_.computed:
            continue
        value = values.get(name)
        if value is None:
            value = property_.default
        if value is None or value is CHOSEN_BY_AWS:
            continue
        form = value if value is UNKNOWN else property_.schema.canonical(value)
        if form in ([], {}):
            continue
        result[name] = form
    return result


def inputs_from_actual(
    properties: Mapping[str, Property], actual: Mapping[str, object], written: Mapping[str, object]
) -> dict[str, object]:
    """Return the inputs that describe the actual state, starting from the program's inputs.

    A property is included if the program wrote it, or if the actual value differs from the declared default. Drift
    therefore shows, and AWS's defaults do not.
    """
    result: dict[str, object] = {}
    for name, property_ in properties.items():
        if property_.computed:
            continue
        written_value, actual_value = written.get(name), actual.get(name)
        if property_.write_only or (actual_value is None and _equals_default(property_, written_value)):
            result[name] = written_value
        elif actual_value is not None and (written_value is not None or not _is_aws_default(property_, actual_value)):
            result[name] = property_.schema.to_inputs(actual_value, written_value)
    return {name: value for name, value in result.items() if value is not None}


def _is_aws_default(property_: Property, value: object) -> bool:
    """Return whether the value is AWS's default."""
    return property_.default is CHOSEN_BY_AWS or _equals_default(property_, value)


def _equals_default(property_: Property, value: object) -> bool:
    """Return whether a written value is the same as its default."""
    if property_.default is CHOSEN_BY_AWS:
        return value is None
    default = None if property_.default is None else property_.schema.canonical(property_.default)
    form = None if value is None else property_.schema.canonical(value)
    return form in ([], {}, "", None) if default is None else bool(form == default)


_NOT_JSON: Final = object()


def _parse(value: object) -> object:
    """Parse a JSON document; return `_NOT_JSON` for anything else."""
    try:
        return json.loads(value) if isinstance(value, str) else _NOT_JSON
    except ValueError:
        return _NOT_JSON


def _canonical_policy(document: object) -> object:
    if isinstance(document, dict):
        return {key: _canonical_policy(value) for key, value in document.items()}
    if isinstance(document, list):
        items = sorted((_canonical_policy(item) for item in document), key=_sort_key)
        return items[0] if len(items) == 1 else items
    return document


def _sort_key(value: object) -> str:
    return "~unknown" if has_unknown(value) else json.dumps(value, sort_keys=True, default=str)


def _type_name(value: object) -> str:
    if value is None:
        return "nothing"
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return next((name for kind, name in names.items() if isinstance(value, kind)), type(value).__name__.lower())
