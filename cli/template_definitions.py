"""State machines inside of other documents: templates of CloudFormation, SAM and the CDK, and other frameworks' files.

Whatever has StartAt and States is one, wherever it stands; so is a text that says one, also one that is put together by
`Fn::Sub` or `Fn::Join`: what is filled in at deployment stands in it as `${name}`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from workflow import Definition
from workflow.json_type import Json
from workflow.json_values import JsonObject, child

_TYPE_FIELDS: Final = ("StateMachineType", "Type", "type")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainedDefinition:
    """A definition, and where it stands in the document."""

    pointer: str
    content: bytes | Definition
    is_express: bool


def is_state_machine(value: Json) -> bool:
    """Whether it is meant as a state machine itself."""
    return isinstance(value, dict) and ("States" in value or "StartAt" in value)


def is_template(value: Json) -> bool:
    """Whether it is a template of CloudFormation."""
    return isinstance(value, dict) and isinstance(value.get("Resources"), dict)


def find_definitions(document: Json) -> Iterator[ContainedDefinition]:
    """The outermost state machines in a document, in its order."""
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
    says_one = text is not None and text.lstrip().startswith("{") and '"StartAt"' in text and '"States"' in text
    return text.encode("utf-8", "surrogatepass") if says_one and text is not None else None


def _resolve_string(value: Json) -> str | None:
    """A text, also one that a function of CloudFormation makes."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(function, argument)] = value.items()
    if function == "Fn::Sub":
        first = argument[0] if isinstance(argument, list) and argument else argument
        return first if isinstance(first, str) else None
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        between, parts = argument
        if isinstance(between, str) and isinstance(parts, list):
            return between.join(part if isinstance(part, str) else _placeholder(part) for part in parts)
    return None


def _placeholder(value: Json) -> str:
    """`${Name}` or `${Name.Attribute}` for what is known at deployment."""
    reference: JsonObject = value if isinstance(value, dict) else {}
    named = next(iter(reference.values()), "value")
    parts = named if isinstance(named, list) else [named]
    return "${" + ".".join(part for part in parts if isinstance(part, str)) + "}"
