"""The JSON schema of `Pulumi.<stage>.yaml`, for completion and checks in editors.

A value may be a YAML value (`30`), a string as `pulumi config set` writes it (`"30"`), or a secret
(`secure: v1:...`); the schema accepts all three, within the same limits.
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
_ANNOTATIONS: Final = ("default", "description")


def json_schema() -> dict[str, object]:
    """Return the schema of a stage file."""
    keys = Stage.model_json_schema(by_alias=True)["properties"]
    keys_by_name = {f"{PROJECT}:{key}": _key_schema(described) for key, described in keys.items() if key != "name"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a stage of the booking system",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": keys_by_name,
                "patternProperties": {f"^(?!{PROJECT}:)[^:]+:.": {}},
                "additionalProperties": False,
            }
        },
    }


def _key_schema(described: Mapping[str, Any]) -> dict[str, object]:
    """Return the schema of a key, with an alternative for each way to write its value."""
    plain = {name: value for name, value in described.items() if name not in (*_ANNOTATIONS, "title")}
    alternatives: list[Mapping[str, object]] = [plain, *_as_string(plain), _SECRET]
    return {**{name: described[name] for name in _ANNOTATIONS}, "anyOf": alternatives}


def _as_string(plain: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Yield the schema of a boolean or an integer in quotes."""
    if plain["type"] == "boolean":
        yield {"enum": ["true", "false"]}
    elif plain["type"] == "integer" and "enum" in plain:
        yield {"enum": [str(value) for value in plain["enum"]]}
    elif plain["type"] == "integer":
        yield {"type": "string", "pattern": integer_pattern(plain["minimum"], plain["maximum"])}


def integer_pattern(low: int, high: int) -> str:
    """Return a pattern that matches the integers from `low` to `high` and nothing else."""
    return f"^({'|'.join(_digit_patterns(low, high))})$"


def _digit_patterns(low: int, high: int) -> Iterator[str]:
    """Yield patterns of integers that differ in their last digits only, such as 13[0-9] and 1[4-9][0-9]."""
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
