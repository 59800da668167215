"""The effect of an update: every property that differs, and whether it needs a new resource."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .property_schema import MapOf, Object, Property, SetOf, canonical_values
from .property_values import UNKNOWN, PropertyPath, ReadonlyValues, format_path

AUTO_NAMED = "__defaults"
NAME_PREFIX = "namePrefix"
"""The input that lists the values that Check filled in; Pulumi's CLI hides it, as for the real AWS provider."""


class ChangeKind(enum.Enum):
    """The ways in which a property can differ."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyChange:
    """One property that differs."""

    path: PropertyPath
    kind: ChangeKind
    replaces: bool

    @property
    def property_path(self) -> str:
        return format_path(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The differences between a program's previous and current inputs."""

    changes: tuple[PropertyChange, ...]
    delete_before_replace: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.changes

    @property
    def replacing_properties(self) -> tuple[str, ...]:
        """The top-level properties that require a new resource."""
        return tuple(dict.fromkeys(str(change.path[0]) for change in self.changes if change.replaces))

    @property
    def changed_properties(self) -> tuple[str, ...]:
        """The top-level properties that differ."""
        return tuple(dict.fromkeys(str(change.path[0]) for change in self.changes))


def compare_inputs(
    properties: Mapping[str, Property], old: ReadonlyValues, new: ReadonlyValues, identity: tuple[str, ...] = ()
) -> Diff:
    """Compare two sets of inputs by meaning; `identity` names the inputs by which AWS identifies a resource."""
    changes = tuple(_compare_group(properties, old, new, (), replaces=False))
    return Diff(
        changes=changes,
        delete_before_replace=any(change.replaces for change in changes) and _names_collide(identity, old, new),
    )


def _names_collide(identity: tuple[str, ...], old: ReadonlyValues, new: ReadonlyValues) -> bool:
    """Return whether the new resource would have the old one's name because the program chose that name."""
    auto_named = new.get(AUTO_NAMED) or ()
    return bool(identity) and all(
        name not in auto_named and new.get(name) is not UNKNOWN and old.get(name) == new.get(name) for name in identity
    )


def _compare_group(
    properties: Mapping[str, Property],
    old: ReadonlyValues,
    new: ReadonlyValues,
    path: PropertyPath,
    *,
    replaces: bool,
) -> Iterator[PropertyChange]:
    before, after = canonical_values(properties, old), canonical_values(properties, new)
    for name, property_ in properties.items():
        if before.get(name) == after.get(name):
            continue
        yield from _compare_property(
            property_, before.get(name), after.get(name), (*path, name), replaces=replaces or property_.replaces
        )


def _compare_property(
    property_: Property, before: object, after: object, path: PropertyPath, *, replaces: bool
) -> Iterator[PropertyChange]:
    shape = property_.schema
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if isinstance(shape, Object):
            yield from _compare_group(shape.fields, before, after, path, replaces=replaces)
            return
        if isinstance(shape, MapOf):
            for key in sorted({*before, *after}):
                if before.get(key) != after.get(key):
                    yield _change((*path, key), before.get(key), after.get(key), replaces=replaces)
            return
    if isinstance(before, list) and isinstance(after, list) and not isinstance(shape, SetOf):
        for index in range(max(len(before), len(after))):
            was, is_ = (items[index] if index < len(items) else None for items in (before, after))
            if was != is_:
                yield _change((*path, index), was, is_, replaces=replaces)
        return
    yield _change(path, before, after, replaces=replaces)


def _change(path: PropertyPath, before: object, after: object, *, replaces: bool) -> PropertyChange:
    kind = ChangeKind.ADD if before is None else ChangeKind.DELETE if after is None else ChangeKind.UPDATE
    return PropertyChange(path=path, kind=kind, replaces=replaces)
