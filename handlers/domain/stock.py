"""Stock: articles, the commands that change them, and the port that stores them.

A command contains a difference or the figure it is based on, never just a new figure, so no command can undo a
concurrent sale (law 32).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from .money import format_amount

MAX_UNITS: Final = 1_000_000_000
"""Maximum units of one SKU, and maximum units that one command moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockItem:
    """An article: its price per unit in minor units, the currency, and the number of units available."""

    sku: str
    price_minor: int
    currency: str
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMismatch:
    """The stock differs from the order's quote. Maps each such SKU to its item (None: no such SKU)."""

    found: Mapping[str, StockItem | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChanged:
    """A command took effect: now, or if `replayed`, when its request id was first used."""

    item: StockItem
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRefused:
    """A command that changed nothing, and the reason as a message for people."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem:
    """Add a new SKU."""

    item: StockItem

    @property
    def sku(self) -> str:
        """The SKU to add."""
        return self.item.sku

    def apply(self, current: StockItem | None) -> StockItem | StockRefused:
        """Return the new item, or refuse one that exists."""
        if current is None:
            return self.item
        return StockRefused(
            message=f"SKU {self.sku} exists already, at {_price(current)} with {current.available} available. "
            "Change it with `booking stock price`, `receive`, `remove` or `count`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveUnits:
    """Receive (positive) or remove (negative) units, once per request id."""

    sku: str
    units: int
    request_id: str

    def apply(self, current: StockItem | None) -> StockItem | StockRefused:
        """Return the item afterwards, or refuse to go below 0 or above MAX_UNITS."""
        if current is None:
            return _unknown(self.sku)
        available = current.available + self.units
        if available < 0:
            return StockRefused(
                message=f"SKU {self.sku} has {current.available} available, so {-self.units} cannot be removed."
            )
        if available > MAX_UNITS:
            return StockRefused(
                message=f"SKU {self.sku} has {current.available} available; with {self.units} more it would exceed "
                f"the maximum of {MAX_UNITS}."
            )
        return replace(current, available=available)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrice:
    """Set the price in the currency in which the SKU is sold."""

    sku: str
    price_minor: int
    currency: str

    def apply(self, current: StockItem | None) -> StockItem | StockRefused:
        """Return the item at its new price, or refuse another currency."""
        if current is None:
            return _unknown(self.sku)
        if current.currency != self.currency:
            return StockRefused(
                message=f"SKU {self.sku} is sold in {current.currency}, not {self.currency}. A SKU keeps its currency; "
                "add another SKU to sell in another one."
            )
        return replace(current, price_minor=self.price_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountStock:
    """Correct the stock after a physical count, unless the stored number has changed since the count."""

    sku: str
    seen: int
    counted: int

    def apply(self, current: StockItem | None) -> StockItem | StockRefused:
        """Return the item as counted, or refuse if units were sold, returned or moved since."""
        if current is None:
            return _unknown(self.sku)
        if current.available != self.seen:
            return StockRefused(
                message=f"SKU {self.sku} has {current.available} available, not {self.seen}: units were sold, returned "
                "or moved during the count. Count again, and pass the new figure to --seen."
            )
        return replace(current, available=self.counted)


StockCommand = AddItem | MoveUnits | SetPrice | CountStock


class Inventory(Protocol):
    """The stored articles. Every method may raise `Unavailable`."""

    def execute(self, command: StockCommand) -> StockChanged | StockRefused:
        """Apply a command in one conditional write."""
        ...

    def load(self, sku: str) -> StockItem | None:
        """Return an article as last written."""
        ...


def _unknown(sku: str) -> StockRefused:
    return StockRefused(message=f"There is no SKU {sku}. `booking stock show` lists all; `booking stock set` adds one.")


def _price(item: StockItem) -> str:
    return format_amount(item.price_minor, item.currency)
