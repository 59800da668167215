"""The number of the messages' schema, the limits of a request, and the rules between its fields; without pydantic."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol, TypeVar

from .pydantic_engine import PydanticCustomError

MESSAGE_SCHEMA: Final = 1
"""Schema number of the messages."""

MAX_MINOR: Final = 999_999_999_999  # of one booking: exact in every JSON number, well within DynamoDB's 38 digits
MAX_LINES: Final = 50  # they and the order are written in one transaction, which takes 100 items
MAX_QUANTITY: Final = 1_000_000
MAX_REASON_LENGTH: Final = 256  # keeps an order with all its refunds below DynamoDB's 400 KB
MIN_HOLD_SECONDS: Final = 60
MAX_HOLD_SECONDS: Final = 30 * 24 * 60 * 60  # no card network holds an amount for longer


class _SkuLine(Protocol):
    @property
    def sku(self) -> str: ...


class _PricedLine(_SkuLine, Protocol):
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price_minor(self) -> int: ...


class _Purchase(Protocol):
    @property
    def lines(self) -> Sequence[_PricedLine]: ...
    @property
    def capture(self) -> Literal["now", "later"]: ...
    @property
    def hold_seconds(self) -> int | None: ...


class _RequestOnOrder(Protocol):
    @property
    def amount_minor(self) -> int | None: ...
    @property
    def lines(self) -> Sequence[_SkuLine] | None: ...


_PurchaseT = TypeVar("_PurchaseT", bound=_Purchase)
_RequestOnOrderT = TypeVar("_RequestOnOrderT", bound=_RequestOnOrder)


def check_purchase(request: _PurchaseT) -> _PurchaseT:
    """Check that a purchase has one line per SKU, a total in range, and hold_seconds only if it captures later."""
    _refuse_repeated_skus(request.lines)
    if sum(line.quantity * line.unit_price_minor for line in request.lines) > MAX_MINOR:
        raise PydanticCustomError("total_too_large", "total too large")
    if request.hold_seconds is not None and request.capture == "now":
        raise PydanticCustomError("hold_without_later", "hold without later")
    return request


def check_amount_or_lines(request: _RequestOnOrderT) -> _RequestOnOrderT:
    """Check that a refund or a capture names an amount or lines, not both, and one line per SKU."""
    if request.amount_minor is not None and request.lines is not None:
        raise PydanticCustomError("amount_and_lines", "amount or lines")
    _refuse_repeated_skus(request.lines or ())
    return request


def _refuse_repeated_skus(lines: Sequence[_SkuLine]) -> None:
    skus = [line.sku for line in lines]
    if len(set(skus)) < len(skus):
        raise PydanticCustomError("repeated_sku", "one line per sku")
