"""Stock: an article, the port that stores it, and the mismatch that keeps an order from being created."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StockItem:
    """An article: its price, its currency and how many are available."""

    sku: str
    price_minor: int
    currency: str
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMismatch:
    """The order was not made, for shelves are not as quoted: each sku asked for with what is there (None: nothing)."""

    found: Mapping[str, StockItem | None]


class Inventory(Protocol):
    """What is for sale."""

    def put(self, item: StockItem) -> None:
        """Set an article's price and stock."""
        ...

    def show(self, sku: str) -> StockItem | None:
        """An article as last written."""
        ...
