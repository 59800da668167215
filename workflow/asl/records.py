"""Small frozen classes like dataclasses, of which some fifty would cost half a millisecond each at import."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""An empty mapping as a default, which cannot be changed by mistake."""


_set: Final = object.__setattr__


@dataclass_transform(frozen_default=True, eq_default=False)
class Record:
    """A frozen object with the fields that its class annotates; compared by identity."""

    __match_args__: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[int] = 0

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        del kw_only  # only type checkers use it
        super().__init_subclass__()
        own = cls.__dict__.get("__annotations__", {})  # noqa: RUF063  # without importing inspect
        cls.__match_args__ = (  # type: ignore[misc]  # set once per class
            *cls.__match_args__,
            *(name for name in own if name not in cls.__match_args__),
        )
        cls._required = sum(1 for name in cls.__match_args__ if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        for name, value in zip(self.__match_args__, values, strict=False):
            _set(self, name, value)  # using __dict__ would cost a second object for each record
        for name, value in named.items():
            _set(self, name, value)
        if named or not self._required <= len(values) <= len(self.__match_args__):
            self._check(values, named)

    def _check(self, values: tuple[object, ...], named: Mapping[str, object]) -> None:
        fields = self.__match_args__
        missing = [name for name in fields if not hasattr(self, name)]
        unexpected = [name for name in named if name not in fields or name in fields[: len(values)]]
        if missing or unexpected or len(values) > len(fields):
            problem = f"missing {', '.join(missing)}" if missing else "too many values"
            if unexpected and not missing:
                problem = f"unknown or repeated {', '.join(unexpected)}"
            raise TypeError(f"{type(self).__name__}: {problem}; its fields are {', '.join(fields)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={object.__getattribute__(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({fields})"


@dataclass_transform(frozen_default=True)
class Value(Record):
    """A record that is equal to any other of its class with equal fields."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _values(other) == _values(self)

    def __hash__(self) -> int:
        return hash(_values(self))


R = TypeVar("R", bound=Record)


def copy_with(record: R, **fields: Any) -> R:
    """Return a copy of a record with new values for some fields."""
    return type(record)(**{**dict(zip(record.__match_args__, _values(record), strict=True)), **fields})


def _values(record: Record) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in record.__match_args__)
