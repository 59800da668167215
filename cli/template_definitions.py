"""Find state machines inside other documents: templates of CloudFormation, SAM, the CDK and other frameworks.

Every object with StartAt and States is a state machine, and so is every string that contains such an object, even if
`Fn::Sub` or `Fn::Join` assembles it. Values that are only known at deployment appear in it as `${name}`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from workflow.asl.definition import Definition
from workflow.asl.json_type import Json
from workflow.asl.json_values import JsonObject, child

_TYPE_FIELDS: Final = ("StateMachineType", "Type", "type")


class DefinitionNotFound(ValueError):
    """A file that contains no definition; the message completes a sentence that starts with the file's name."""


class InvalidYaml(DefinitionNotFound):
    """A file that is not valid YAML; the message includes line and column if they are known."""


class ContainedDefinition(NamedTuple):
    """A definition and its place in the document."""

    pointer: str
    content: bytes | Definition
    is_express: bool


def is_state_machine(value: Json) -> bool:
    """Return True if a value looks like a state machine."""
    return isinstance(value, dict) and ("States" in value or "StartAt" in value)


def is_template(value: Json) -> bool:
    """Return True if a value is a CloudFormation template."""
    return isinstance(value, dict) and isinstance(value.get("Resources"), dict)


def find_definitions(document: Json) -> Iterator[ContainedDefinition]:
    """Yield the outermost state machines in a document, in document order."""
    stack: list[tuple[str, Json, bool]] = [("", document, False)]
    while stack:
        pointer, value, is_express = stack.pop()
        content = _definition_content(value)
        if content is not None:
            yield ContainedDefinition(pointer=pointer, content=content, is_express=is_express)
        elif isinstance(value, dict):
            express = any(value.get(field) == "EXPRESS" for field in _TYPE_FIELDS)
            stack.extend((child(pointer, key), item, express) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((child(pointer, index), value[index], False) for index in reversed(range(len(value))))


def _definition_content(value: Json) -> bytes | Definition | None:
    if isinstance(value, dict) and "States" in value and "StartAt" in value:
        return Definition(value)
    text = _resolve_string(value)
    is_definition = text is not None and text.lstrip().startswith("{") and '"StartAt"' in text and '"States"' in text
    return text.encode("utf-8", "surrogatepass") if is_definition and text is not None else None


def _resolve_string(value: Json) -> str | None:
    """Return a string, or the string that a CloudFormation function makes, else None."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(function, argument)] = value.items()
    if function == "Fn::Sub":
        first = argument[0] if isinstance(argument, list) and argument else argument
        return first if isinstance(first, str) else None
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        separator, parts = argument
        if isinstance(separator, str) and isinstance(parts, list):
            return separator.join(part if isinstance(part, str) else _placeholder(part) for part in parts)
    return None


def _placeholder(value: Json) -> str:
    """Return `${Name}` or `${Name.Attribute}` for a value that is only known at deployment."""
    reference: JsonObject = value if isinstance(value, dict) else {}
    target = next(iter(reference.values()), "value")
    parts = target if isinstance(target, list) else [target]
    return "${" + ".".join(part for part in parts if isinstance(part, str)) + "}"
