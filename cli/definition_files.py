"""Read definitions from JSON, YAML, a template, standard input or a workflow class.

A template, such as CloudFormation's, may contain several definitions; `FILE#/json/pointer` names one of them.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from workflow.asl.definition import Definition, parse
from workflow.asl.json_type import Json
from workflow.asl.json_values import NotJson
from workflow.failures import Unbound, WorkflowError

from .command_errors import CommandFailed, UsageError
from .template_definitions import (
    ContainedDefinition,
    DefinitionNotFound,
    find_definitions,
    is_state_machine,
    is_template,
)

STANDARD_INPUT: Final = "-"
MAX_BYTES: Final = 64 * 1024 * 1024
"""Maximum file size: far larger than any definition, and small enough for memory."""


class DefinitionSource(NamedTuple):
    """A definition as it was read: its text, or its value if it was part of another document."""

    name: str
    content: bytes | str | Definition
    is_express: bool = False
    """True if the document around it declares an EXPRESS machine."""


def read_sources(name: str) -> list[DefinitionSource]:
    """Return the definitions that a name refers to, at least one.

    Raises:
        DefinitionNotFound: the file contains no definition.
    """
    path, pointer = _split_pointer(name)
    if ":" in path and not Path(path).exists() and path != STANDARD_INPUT:
        return [DefinitionSource(name=name, content=_load_class(path))]
    text = _read_standard_input() if path == STANDARD_INPUT else read_file(Path(path))
    content: bytes | Definition = _parse_yaml(text) if _is_yaml(path, text) else text
    contained = list(_contained_definitions(content))
    if pointer is not None:
        contained = [one for one in contained if one.pointer == pointer]
        if not contained:
            raise UsageError(f"{path} contains no definition at {pointer}.")
    if not contained:
        return [DefinitionSource(name=name, content=content)]
    return [
        DefinitionSource(name=f"{path}#{one.pointer}", content=one.content, is_express=one.is_express)
        for one in contained
    ]


def read_definition(name: str) -> Definition:
    """Return the only state machine that a name refers to."""
    definition = _read_one(name)
    if not isinstance(definition.value, dict) or not isinstance(definition.value.get("States"), dict):
        raise CommandFailed(f"{name} is not a state machine, which is an object with StartAt and States.")
    return definition


def read_state(name: str) -> Definition:
    """Return the only state machine, or single state, that a name refers to."""
    definition = _read_one(name)
    if not isinstance(definition.value, dict) or not {"States", "Type"} & set(definition.value):
        raise CommandFailed(f"{name} is neither a state machine nor a state, which is an object with a Type.")
    return definition


def _read_one(name: str) -> Definition:
    try:
        sources = read_sources(name)
        if len(sources) > 1:
            names = ", ".join(source.name for source in sources)
            raise UsageError(f"{name} contains {len(sources)} definitions. Name one of them: {names}.")
        content = sources[0].content
        if isinstance(content, bytes | str) and not content.strip():
            raise CommandFailed(f"{name} is empty.")
        return parse(content)
    except DefinitionNotFound as error:
        raise CommandFailed(f"{name} {error}.") from None
    except NotJson as error:
        raise CommandFailed(f"{name} is not a definition: {error}.") from None


def _parse_yaml(text: bytes) -> Definition:
    from .yaml_definitions import parse_yaml

    return parse_yaml(text)


def read_file(path: Path) -> bytes:
    """Return the content of a file, or raise UsageError if it cannot be read."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory. Name the files in it, such as {path / '*.json'}.")
    try:
        with path.open("rb") as opened:
            return _read_limited(str(path), opened)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UsageError(f"{str(path)!r} is not a valid file name.") from None


def _split_pointer(name: str) -> tuple[str, str | None]:
    """Split a name into the file and the JSON pointer into it."""
    path, separator, pointer = name.partition("#/")
    return (path, f"/{pointer}") if separator and not Path(name).exists() else (name, None)


def _read_standard_input() -> bytes:
    return _read_limited("Standard input", sys.stdin.buffer)


def _read_limited(name: str, stream: BinaryIO) -> bytes:
    text = stream.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise CommandFailed(f"{name} must be at most {MAX_BYTES // 2**20} MB.")
    return text


def _is_yaml(name: str, text: bytes) -> bool:
    """Return True for YAML, judged by the file's extension, else by its first character."""
    ending, start = Path(name).suffix.lower(), text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if not start or ending == ".json":
        return False
    return ending in (".yaml", ".yml") or start not in (b"{", b"[")


def _contained_definitions(content: bytes | Definition) -> Iterator[ContainedDefinition]:
    """Yield the definitions inside a document that is not a definition itself."""
    try:
        value: Json = content.value if isinstance(content, Definition) else parse(content).value
    except NotJson:
        return
    if is_state_machine(value):
        return
    contained = list(find_definitions(value))
    if not contained and is_template(value):
        raise DefinitionNotFound("is a template without a definition: name the files that its DefinitionUri refers to")
    yield from contained


def _load_class(name: str) -> Definition:
    from workflow import Workflow

    module_name, _, class_name = name.partition(":")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as python -m does
    try:
        workflow = getattr(importlib.import_module(module_name), class_name, None)
    except WorkflowError as error:
        raise CommandFailed(f"{module_name}: {error}") from None
    except (ImportError, ValueError, TypeError) as error:
        raise UsageError(f"{name} is neither a file nor a class that can be imported: {error}.") from None
    except Exception as error:  # a user's module may raise anything
        raise CommandFailed(f"{module_name} cannot be imported: {type(error).__name__}: {error}.") from None
    if not isinstance(workflow, type) or not issubclass(workflow, Workflow):
        raise UsageError(f"{name} is not a workflow, which is a subclass of Workflow.")
    try:
        return workflow.definition()
    except (WorkflowError, Unbound) as error:
        raise CommandFailed(f"{name}: {error}") from None


__all__ = ["STANDARD_INPUT", "DefinitionSource", "read_definition", "read_file", "read_sources", "read_state"]
