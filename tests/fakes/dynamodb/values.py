"""Attribute values: validation, normal form, size, comparison.

Values are stored as clients send them (`{"S": "x"}`), with numbers in DynamoDB's canonical notation and sets sorted, so
equal values are equal dictionaries. A normalised value is never changed in place, because rows share structure.
"""

from decimal import Context, Decimal, Inexact
from typing import Any

from .errors import invalid

Value = dict[str, Any]
Item = dict[str, Value]

MAXIMUM_ITEM_BYTES = 400 * 1024
MAXIMUM_DEPTH = 32
_PRECISION = 38
_WIDE = Context(prec=400, traps=[Inexact])
_LARGEST, _SMALLEST = Decimal("9.9999999999999999999999999999999999999E+125"), Decimal("1E-130")


def normal_number(text: object) -> str:
    """Return the canonical notation of a number with 38 digits within 1E-130 … 9.9…E+125, or raise."""
    if not isinstance(text, str):
        raise TypeError(f"a number travels as text, not as {type(text).__name__}")
    if text.isascii() and text.isdigit() and len(text) <= _PRECISION and (text[0] != "0" or text == "0"):
        return text
    if "_" in text or text != text.strip():
        raise invalid("A value provided cannot be converted into a number")
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise invalid("A value provided cannot be converted into a number") from None
    if not number.is_finite():
        raise invalid("A value provided cannot be converted into a number")
    return notation(number)


def notation(number: Decimal | int) -> str:
    """Format a number like DynamoDB: plain digits, no exponent, no trailing zeros; reject unsupported numbers."""
    if isinstance(number, int):
        text = str(number)
        if len(text) <= _PRECISION:
            return text
        number = Decimal(number)
    if not number:
        return "0"
    if abs(number) > _LARGEST and number.adjusted() > 125:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if abs(number) < _SMALLEST:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    number = number.normalize(_WIDE)
    if len(number.as_tuple().digits) > _PRECISION:
        raise invalid("DynamoDB only supports precision up to 38 digits")
    return format(number, "f")


def number_of(text: str) -> Decimal | int:
    """Parse a canonical number; integers as int, which is exact and fast."""
    return Decimal(text) if "." in text else int(text)


def total(left: str, right: str, sign: int) -> str:
    """Return left ± right, exactly."""
    a, b = number_of(left), number_of(right)
    if isinstance(a, int) and isinstance(b, int):
        return notation(a + sign * b)
    return notation(_WIDE.add(Decimal(a), Decimal(b) * sign))


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number_size(text: str) -> int:
    digits = text.replace(".", "").lstrip("-").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def _normal_set(tag: str, members: list[Any], named: str) -> list[Any]:
    if not members:
        raise invalid(f"One or more parameter values were invalid: An {named} set  may not be empty")
    normal = [normal_number(member) for member in members] if tag == "NS" else list(members)
    if len(set(normal)) != len(normal):
        raise invalid("One or more parameter values were invalid: Input collection contains duplicates")
    return sorted(normal, key=number_of) if tag == "NS" else sorted(normal)


_SET_NAMES = {"SS": "string", "NS": "number", "BS": "binary"}


def validate_value(value: object, depth: int = 0) -> tuple[Value, int]:
    """Return the normal form of a value and its size in bytes, or raise DynamoDB's error."""
    if type(value) is not dict or len(value) != 1:
        raise invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    ((tag, held),) = value.items()
    if tag == "S":
        if not isinstance(held, str):
            raise TypeError(f"S holds text, not {type(held).__name__}")
        return {"S": held}, _text_size(held)
    if tag == "N":
        number = normal_number(held)
        return {"N": number}, _number_size(number)
    if tag == "BOOL" and isinstance(held, bool):
        return {"BOOL": held}, 1
    if tag == "NULL" and held is True:
        return {"NULL": True}, 1
    if tag in ("M", "L"):
        return _accepted_document(tag, held, depth + 1)
    if tag == "B" and isinstance(held, bytes):
        return {"B": held}, len(held)
    if tag in _SET_NAMES:
        members = _normal_set(tag, held, _SET_NAMES[tag])
        return {tag: members}, sum(validate_value({tag[0]: member})[1] for member in members)
    raise invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")


def _accepted_document(tag: str, held: Any, depth: int) -> tuple[Value, int]:
    if depth > MAXIMUM_DEPTH:
        raise invalid("Nesting Levels have exceeded supported limits: Attributes have nested depth greater than 32")
    size = 3
    if tag == "L":
        elements = []
        for element in held:
            normal, bytes_of = validate_value(element, depth)
            elements.append(normal)
            size += bytes_of + 1
        return {"L": elements}, size
    members = {}
    for name, member in held.items():
        if not name:
            raise invalid("One or more parameter values were invalid: Member name may not be empty")
        members[name], bytes_of = validate_value(member, depth)
        size += bytes_of + 1 + _text_size(name)
    return {"M": members}, size


def accepted_item(item: dict[str, Any]) -> tuple[Item, int]:
    """Return the normal form of an item and its size, including names."""
    normal: Item = {}
    size = 0
    for name, value in item.items():
        normal[name], bytes_of = validate_value(value)
        size += bytes_of + _text_size(name)
    return normal, size


def size_of(item: Item) -> int:
    """Return the size of an item, in bytes, as counted for the limit of 400 KB."""
    return accepted_item(item)[1]


def compare_values(left: Value, right: Value) -> int | None:
    """Return a number below, at or above zero if left sorts before, with or after right; None if they are not
    comparable.
    """
    ((tag, a),) = left.items()
    b = right.get(tag)
    if b is None or tag not in ("S", "N", "B"):
        return None
    if tag == "N":
        a, b = number_of(a), number_of(b)
    return (a > b) - (a < b)


def length(value: Value) -> int | None:
    """Return the result of size(): bytes of a string or binary, members of a set or document; None for other types."""
    ((tag, held),) = value.items()
    if tag == "S":
        return _text_size(held)
    return None if tag in ("N", "BOOL", "NULL") else len(held)
