"""How a refund falls on the lines of an order: whole minor units that add up exactly."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .account import Share
from .order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """What of one line can still be refunded."""

    line: int
    sku: str
    quantity: int
    amount_minor: int


def remaining_lines(order: Order) -> tuple[Remaining, ...]:
    """Per line, what no refund holds yet."""
    quantities, amounts = (
        _sum_held(order, lambda share: share.quantity),
        _sum_held(order, lambda share: share.amount_minor),
    )
    return tuple(
        Remaining(
            line=number,
            sku=line.sku,
            quantity=line.quantity - quantities.get(number, 0),
            amount_minor=line.amount_minor - amounts.get(number, 0),
        )
        for number, line in enumerate(order.lines)
    )


def by_amount(lines: Sequence[Remaining], amount_minor: int) -> tuple[Share, ...]:
    """Spread an amount over lines in proportion to what is left of each, the largest remainders rounded up.

    No unit comes back. Source: Hare's method of the largest remainder; equal remainders go to the earlier line.
    """
    whole = sum(line.amount_minor for line in lines)
    parts = [divmod(amount_minor * line.amount_minor, whole) for line in lines]
    short = amount_minor - sum(quotient for quotient, _ in parts)
    rounded_up = set(sorted(range(len(parts)), key=lambda index: -parts[index][1])[:short])
    amounts = [quotient + (index in rounded_up) for index, (quotient, _) in enumerate(parts)]
    return _shares((line.line, 0, amount) for line, amount in zip(lines, amounts, strict=True))


def by_units(lines: Sequence[Remaining], units: Mapping[str, int]) -> tuple[Share, ...]:
    """The money of so many units per sku: unit by unit it comes to what the whole line comes to.

    Where earlier refunds by amount took from a line, the rest is spread evenly over its units, rounded up: so the last
    ones may come to nothing, and the first never do.
    """
    asked = [(line, units[line.sku]) for line in lines if line.sku in units]
    return _shares((line.line, quantity, -(-line.amount_minor * quantity // line.quantity)) for line, quantity in asked)


def everything(lines: Sequence[Remaining]) -> tuple[Share, ...]:
    """All the money and all the units that are left."""
    return _shares((line.line, line.quantity, line.amount_minor) for line in lines)


def _shares(parts: Iterable[tuple[int, int, int]]) -> tuple[Share, ...]:
    return tuple(
        Share(line=line, quantity=quantity, amount_minor=minor) for line, quantity, minor in parts if quantity or minor
    )


def _sum_held(order: Order, measure: Callable[[Share], int]) -> dict[int, int]:
    held: dict[int, int] = {}
    for refund in order.account.refunds.values():
        for share in refund.shares if refund.holds_money else ():
            held[share.line] = held.get(share.line, 0) + measure(share)
    return held
