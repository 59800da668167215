"""The definitions that a command was pointed at: JSON, YAML, what a template holds, standard input, or a class.

A file of another kind, such as a template of CloudFormation, may hold several; `FILE#/json/pointer` means one of them.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from workflow import Definition, NotJson, Unbound, Workflow, WorkflowError, parse
from workflow.json_type import Json

from .failures import CommandFailed, UsageError
from .held_definitions import ContainedDefinition, find_definitions, is_state_machine, is_template
from .yaml_definitions import DefinitionNotFound, parse_yaml

STANDARD_INPUT: Final = "-"
MAX_BYTES: Final = 64 * 1024 * 1024
"""Of what is read: far beyond any definition, and small enough to be held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionSource:
    """A definition as it was found: its text, or its value where it was no text of its own."""

    name: str
    content: bytes | str | Definition
    is_express: bool = False
    """Whether what it was found in says so."""


def read_sources(name: str) -> list[DefinitionSource]:
    """Every definition that a name means, one at least; raises NoDefinition."""
    path, pointer = _split_pointer(name)
    if ":" in path and not Path(path).exists() and path != STANDARD_INPUT:
        return [DefinitionSource(name=name, content=_load_class(path))]
    text = _read_standard_input() if path == STANDARD_INPUT else read_file(Path(path))
    content: bytes | Definition = parse_yaml(text) if _is_yaml(path, text) else text
    held = list(_contained_definitions(content))
    if pointer is not None:
        held = [one for one in held if one.pointer == pointer]
        if not held:
            raise UsageError(f"{path} holds no definition at {pointer}.")
    if not held:
        return [DefinitionSource(name=name, content=content)]
    return [
        DefinitionSource(name=f"{path}#{one.pointer}", content=one.content, is_express=one.is_express) for one in held
    ]


def read_definition(name: str) -> Definition:
    """The one definition that a name means."""
    try:
        sources = read_sources(name)
        if len(sources) > 1:
            names = ", ".join(source.name for source in sources)
            raise UsageError(f"{name} holds {len(sources)} definitions; name one of them: {names}.")
        content = sources[0].content
        if isinstance(content, bytes | str) and not content.strip():
            raise CommandFailed(f"{name} is empty.")
        definition = parse(content)
    except DefinitionNotFound as error:
        raise CommandFailed(f"{name} {error}.") from None
    except NotJson as error:
        raise CommandFailed(f"{name} is no definition: {error}.") from None
    if not isinstance(definition.value, dict) or not isinstance(definition.value.get("States"), dict):
        raise CommandFailed(f"{name} is no state machine: an object with StartAt and States is one.")
    return definition


def read_file(path: Path) -> bytes:
    """What a file says; a sentence where it cannot be read."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory: give the files in it, such as {path / '*.json'}.")
    try:
        with path.open("rb") as opened:
            return _read_limited(str(path), opened)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UsageError(f"{str(path)!r} is no name of a file.") from None


def _split_pointer(name: str) -> tuple[str, str | None]:
    """The file, and the pointer into it."""
    path, mark, pointer = name.partition("#/")
    return (path, f"/{pointer}") if mark and not Path(name).exists() else (name, None)


def _read_standard_input() -> bytes:
    return _read_limited("Standard input", sys.stdin.buffer)


def _read_limited(name: str, stream: BinaryIO) -> bytes:
    text = stream.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise CommandFailed(f"{name} is larger than {MAX_BYTES // 2**20} MB, and no definition is.")
    return text


def _is_yaml(name: str, text: bytes) -> bool:
    """By its ending, else by how it begins."""
    ending, start = Path(name).suffix.lower(), text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not start or ending == ".json":
        return False
    return ending in (".yaml", ".yml") or start not in (b"{", b"[")


def _contained_definitions(content: bytes | Definition) -> Iterator[ContainedDefinition]:
    """The definitions inside of what is none itself."""
    try:
        value: Json = content.value if isinstance(content, Definition) else parse(content).value
    except NotJson:
        return
    if is_state_machine(value):
        return
    held = list(find_definitions(value))
    if not held and is_template(value):
        raise DefinitionNotFound("is a template that holds no definition: give the files that its DefinitionUri names")
    yield from held


def _load_class(name: str) -> Definition:
    module_name, _, class_name = name.partition(":")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as python -m does
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except WorkflowError as error:
        raise CommandFailed(f"{module_name}: {error}") from None
    except (ImportError, ValueError, TypeError) as error:
        raise UsageError(f"{name} is neither a file nor a class that can be imported: {error}.") from None
    except Exception as error:  # a stranger's module may raise anything
        raise CommandFailed(f"{module_name} cannot be imported: {type(error).__name__}: {error}.") from None
    if not isinstance(found, type) or not issubclass(found, Workflow):
        raise UsageError(f"{name} is no workflow: a subclass of Workflow is one.")
    try:
        return found.definition()
    except (WorkflowError, Unbound) as error:
        raise CommandFailed(f"{name}: {error}") from None


__all__ = ["STANDARD_INPUT", "DefinitionNotFound", "DefinitionSource", "read_definition", "read_file", "read_sources"]
