"""Any state machine as a lossless tree: unknown fields, key order and comments are kept.

A `Definition` holds the JSON value; scopes, states and transitions are views of it, each with its JSON pointer. The
views accept any value, however malformed, and show what they can read of it; judging it is left to `check`.

Longer than 250 lines because the views of one tree refer to one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from os import PathLike
from typing import Any, Final, Literal, cast

from .json_type import Json
from .json_values import Duplicate, JsonObject, NotJson, at, canonical, child, json_of, json_text, read_json
from .records import Record

Kind = Literal["next", "choice", "default", "catch"]

_FILE_ENDINGS: Final = (".json", ".asl")
NESTED_MAP_FIELDS: Final = ("ItemProcessor", "Iterator")
"""The fields that may hold a Map's scope; `Iterator` is the older name."""


class Definition:
    """A state machine in the Amazon States Language, exactly as written."""

    value: Json
    """The JSON value. Do not change it; `asl()` returns a copy that you may change."""
    duplicates: tuple[Duplicate, ...]
    """Keys that occur more than once in one object of the text."""
    text: str | None
    """The text that the definition was read from; None if it was built from a value."""

    def __init__(self, value: object) -> None:
        """Take a Python value that has a counterpart in JSON; raises NotJson for any other."""
        self.value, self.duplicates, self.text = json_of(value), (), None

    @classmethod
    def read(cls, text: str | bytes) -> Definition:
        """Parse JSON text; raises NotJson with line and column."""
        read = cls.__new__(cls)
        read.value, read.duplicates = read_json(text)
        read.text = text if isinstance(text, str) else text.decode("utf-8-sig")
        return read

    def asl(self) -> Any:
        """Return a copy of the JSON value: equal to what was parsed, with keys in their original order."""
        return json_of(self.value)

    def json(self, indent: int | None = 2) -> str:
        """Return the definition as JSON text, with keys in their original order."""
        return json_text(self.value, indent=indent)

    def canonical(self) -> bytes:
        """Return the canonical JSON text as bytes; definitions are equal if these are."""
        return canonical(self.value)

    def at(self, pointer: str) -> Json:
        """Return the value at a JSON pointer; raises KeyError if there is none."""
        return at(self.value, pointer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definition) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.canonical())

    def __repr__(self) -> str:
        return f"<Definition of {sum(1 for _ in self.states())} states>"

    @cached_property
    def root(self) -> Scope:
        """The outermost scope."""
        return Scope("", _object(self.value), None)

    def scopes(self) -> Iterator[Scope]:
        """Yield every scope in document order, outer scopes before inner ones."""
        stack = [self.root]
        while stack:
            scope = stack.pop()
            yield scope
            stack.extend(inner for state in reversed(scope.states) for inner in reversed(state.scopes))

    def states(self) -> Iterator[StateNode]:
        """Yield every state in document order, each followed by the states nested in it."""
        stack = list(reversed(self.root.states))
        while stack:
            state = stack.pop()
            yield state
            stack.extend(inner for scope in reversed(state.scopes) for inner in reversed(scope.states))


def parse(definition: object) -> Definition:
    """Parse a JSON value, JSON text, a workflow class or a file into a definition: `parse(a).asl() == a`.

    A file is a path object, or a string that ends in .json or .asl, as JSON text never does.

    Raises:
        NotJson: the text is not JSON, the value has no counterpart in JSON, or the file cannot be read.
    """
    if isinstance(definition, Definition):
        return definition
    if isinstance(definition, PathLike) or is_file_name(definition):
        return Definition.read(_read_file(cast("PathLike[str] | str", definition)))
    if isinstance(definition, str | bytes):
        return Definition.read(definition)
    asl = getattr(definition, "asl", None)
    return Definition(asl() if callable(asl) else definition)


def is_file_name(definition: object) -> bool:
    """Return whether a value is a string that names a file instead of being JSON text."""
    return isinstance(definition, str) and definition.endswith(_FILE_ENDINGS)


def _read_file(path: PathLike[str] | str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # without importing pathlib
            return file.read()
    except OSError as error:
        raise NotJson(f"{path!s} cannot be read: {error.strerror}") from None


class Scope(Record):
    """States that can reach one another: the machine itself, a branch of a Parallel or the processor of a Map."""

    pointer: str
    fields: JsonObject
    parent: StateNode | None

    @cached_property
    def start(self) -> str | None:
        """The name in StartAt; None if it is missing or not a string."""
        return _text(self.fields.get("StartAt"))

    @cached_property
    def states(self) -> tuple[StateNode, ...]:
        """The states of this scope that are objects, in document order."""
        pointer = child(self.pointer, "States")
        named = _object(self.fields.get("States")).items()
        return tuple(
            StateNode(child(pointer, name), name, fields, self) for name, fields in named if isinstance(fields, dict)
        )

    @cached_property
    def by_name(self) -> Mapping[str, StateNode]:
        """The states of this scope by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def query_language(self) -> str:
        """The default query language of the scope's states: that of the machine, even inside a Map or a branch."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent.scope
        return _language(scope.fields) or "JSONPath"

    @cached_property
    def depth(self) -> int:
        """The number of states that this scope is nested in; 0 for the machine."""
        depth, scope = 0, self
        while scope.parent is not None:
            depth, scope = depth + 1, scope.parent.scope
        return depth


class StateNode(Record):
    """One state and the scope that contains it."""

    pointer: str
    name: str
    fields: JsonObject
    scope: Scope

    @cached_property
    def type(self) -> str:
        """The state's Type; empty if it has none."""
        return _text(self.fields.get("Type")) or ""

    @cached_property
    def query_language(self) -> str:
        """`JSONata` or `JSONPath`: the state's own query language, or else the machine's."""
        return _language(self.fields) or self.scope.query_language

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes nested in a Parallel or a Map; empty for any other state."""
        if self.type == "Parallel":
            pointer = child(self.pointer, "Branches")
            branches = enumerate(_list(self.fields.get("Branches")))
            return tuple(
                Scope(child(pointer, index), branch, self) for index, branch in branches if isinstance(branch, dict)
            )
        if self.type != "Map":
            return ()
        inner = ((name, self.fields.get(name)) for name in NESTED_MAP_FIELDS)
        return tuple(Scope(child(self.pointer, name), scope, self) for name, scope in inner if isinstance(scope, dict))

    @cached_property
    def transitions(self) -> tuple[Transition, ...]:
        """The transitions out of the state: choice rules, default, next, then catchers, each in document order."""
        return tuple(self._transitions())

    @property
    def ends(self) -> bool:
        """True if the scope can end at this state."""
        return self.fields.get("End") is True or self.type in ("Succeed", "Fail")

    @property
    def is_distributed(self) -> bool:
        """True if the state is a Map that starts child executions."""
        processors = (_object(self.fields.get(name)) for name in NESTED_MAP_FIELDS)
        configs = (_object(processor.get("ProcessorConfig")) for processor in processors)
        return self.type == "Map" and any(config.get("Mode") == "DISTRIBUTED" for config in configs)

    def _transitions(self) -> Iterator[Transition]:
        if self.type == "Choice":
            yield from self._transitions_of_rules("choice", "Choices")
            yield from self._transition("default", self.pointer, self.fields, "Default", -1)
        yield from self._transition("next", self.pointer, self.fields, "Next", -1)
        yield from self._transitions_of_rules("catch", "Catch")

    def _transitions_of_rules(self, kind: Kind, field: str) -> Iterator[Transition]:
        rules_pointer = child(self.pointer, field)
        for index, rule in enumerate(_list(self.fields.get(field))):
            if isinstance(rule, dict):
                yield from self._transition(kind, child(rules_pointer, index), rule, "Next", index)

    def _transition(self, kind: Kind, pointer: str, holder: JsonObject, field: str, index: int) -> Iterator[Transition]:
        target = holder.get(field)
        if isinstance(target, str):
            yield Transition(kind, self.name, target, child(pointer, field), holder, index)


class Transition(Record):
    """A transition from one state to another in the same scope."""

    kind: Kind
    source: str
    target: str
    pointer: str
    """The JSON pointer of the field that names the target."""
    holder: JsonObject
    """The object that names the target: the state itself, a choice rule or a catcher."""
    index: int
    """The index of the rule or catcher, -1 for `next` and `default`."""


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _language(fields: JsonObject) -> str | None:
    """Return the query language that an object names, or None; AWS takes any name other than JSONPath for JSONata."""
    named = fields.get("QueryLanguage")
    if named is None:
        return None
    return "JSONPath" if isinstance(named, str) and named.lower() == "jsonpath" else "JSONata"


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


__all__ = [
    "Definition",
    "Duplicate",
    "Json",
    "JsonObject",
    "NotJson",
    "Scope",
    "StateNode",
    "Transition",
    "parse",
]
