"""An article on the shelf."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StockItem:
    """An article: its price, its currency and how many are available."""

    sku: str
    price_minor: int
    currency: str
    available: int
