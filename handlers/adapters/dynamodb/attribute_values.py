"""DynamoDB attribute values, such as `{"S": "text"}` and `{"N": "12"}`, of the types that we store."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...domain.canonical import Json

AttributeValue = Mapping[str, Any]
Item = Mapping[str, AttributeValue]


def encode(value: Json) -> dict[str, Any]:
    """Encode a value as a DynamoDB attribute value."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, Mapping):
        return {"M": {key: encode(each) for key, each in value.items()}}
    return {"L": [encode(each) for each in value]}


def encode_item(item: Mapping[str, Json]) -> dict[str, dict[str, Any]]:
    """Encode an item for DynamoDB."""
    return {key: encode(value) for key, value in item.items()}


def decode(value: AttributeValue) -> Json:
    """Decode a DynamoDB attribute value. Numbers are integers, because no others are stored."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "M":
            return {key: decode(each) for key, each in content.items()}
        case "L":
            return [decode(each) for each in content]
        case "NULL":
            return None
        case _:
            return _plain(content)


def _plain(content: str | bool | Sequence[str]) -> Json:
    return content


def decode_item(item: Item) -> dict[str, Json]:
    """Decode an item of DynamoDB."""
    return {key: decode(value) for key, value in item.items()}
