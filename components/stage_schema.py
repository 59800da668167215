"""The JSON schema of `Pulumi.<stage>.yaml`, which editors complete and check it by.

A value may be written as YAML has it (`30`), as `pulumi config set` writes it (`"30"`), or as a secret
(`secure: v1:...`); the schema takes all three, within the same limits.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .stage import PROJECT, Stage

_SECRET: Final[Mapping[str, object]] = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
_ABOUT: Final = ("default", "description")


def json_schema() -> dict[str, object]:
    """The schema, for a file as a whole."""
    keys = Stage.model_json_schema(by_alias=True)["properties"]
    own = {f"{PROJECT}:{key}": _spelled(described) for key, described in keys.items() if key != "name"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a stage of the booking system",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": own,
                "patternProperties": {f"^(?!{PROJECT}:)[^:]+:.": {}},
                "additionalProperties": False,
            }
        },
    }


def _spelled(described: Mapping[str, Any]) -> dict[str, object]:
    """A key with every way to write its value."""
    plain = {name: value for name, value in described.items() if name not in (*_ABOUT, "title")}
    ways: list[Mapping[str, object]] = [plain, *_as_text(plain), _SECRET]
    return {**{name: described[name] for name in _ABOUT}, "anyOf": ways}


def _as_text(plain: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """What is no text, between quotes."""
    if plain["type"] == "boolean":
        yield {"enum": ["true", "false"]}
    elif plain["type"] == "integer" and "enum" in plain:
        yield {"enum": [str(value) for value in plain["enum"]]}
    elif plain["type"] == "integer":
        yield {"type": "string", "pattern": whole_numbers(plain["minimum"], plain["maximum"])}


def whole_numbers(low: int, high: int) -> str:
    """A pattern that the whole numbers from `low` to `high` match, and nothing else."""
    return f"^({'|'.join(_runs(low, high))})$"


def _runs(low: int, high: int) -> Iterator[str]:
    """Patterns of numbers that differ in their last digits only, such as 13[0-9] and 1[4-9][0-9]."""
    while low <= high:
        size = 1
        while (
            low
            and low % (10 * size) == 0
            and low + 10 * size - 1 <= high
            and len(str(low)) == len(str(low + 10 * size - 1))
        ):
            size *= 10
        digit = low // size % 10
        last = min(9, digit + (high + 1 - low) // size - 1)
        yield f"{str(low // size)[:-1]}[{digit}-{last}]" + "[0-9]" * (len(str(size)) - 1)
        low += (last - digit + 1) * size
