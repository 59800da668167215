"""Order the boxes of each layer so that few lines cross."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from .boxes import Neighbours, StateBox

_SWEEPS: Final = 8
_FIRST_ORDERS: Final[Sequence[Callable[[StateBox], int]]] = (
    lambda _: 0,
    lambda box: -box.is_bend,
    lambda box: box.is_bend,
)
"""The sort keys of the initial orders: as written, bends to the left of states, and bends to the right of states."""

Layers = list[list[StateBox]]


def order_layers(layers: Layers, above: Neighbours, below: Neighbours) -> Layers:
    """Return the order with the fewest crossings among all that the sweeps from each initial order produce."""
    candidates = (
        order
        for first in _FIRST_ORDERS
        for order in _sweep([sorted(layer, key=first) for layer in layers], above, below)
    )
    return min(candidates, key=lambda order: _crossings(order, below))


def _sweep(layers: Layers, above: Neighbours, below: Neighbours) -> Iterable[Layers]:
    """Yield the given order, and the order after each sweep, alternately downwards and upwards.

    A sweep sorts each layer by the mean index of each box's neighbours in the previous layer.
    """
    yield [list(layer) for layer in layers]
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for layer, other in _pairs(layers, downwards):
            _sort(layer, other, above if downwards else below)
        yield [list(layer) for layer in layers]


def _pairs(layers: Layers, downwards: bool) -> Iterable[tuple[list[StateBox], list[StateBox]]]:
    if downwards:
        return zip(layers[1:], layers, strict=False)
    return zip(reversed(layers[:-1]), reversed(layers), strict=False)


def _sort(layer: list[StateBox], other: Sequence[StateBox], neighbours: Neighbours) -> None:
    positions = {box.key: position for position, box in enumerate(other)}
    current_positions = {box.key: position for position, box in enumerate(layer)}

    def mean_position(box: StateBox) -> float:
        neighbour_positions = [positions[one.key] for one, _ in neighbours.get(box.key, ()) if one.key in positions]
        return (
            sum(neighbour_positions) / len(neighbour_positions) if neighbour_positions else current_positions[box.key]
        )

    layer.sort(key=mean_position)


def _crossings(layers: Layers, below: Neighbours) -> int:
    """Return the number of line crossings, counted as inversions."""
    count = 0
    for upper, lower in itertools.pairwise(layers):
        positions = {box.key: position for position, box in enumerate(lower)}
        ends = [
            position for box in upper for position in sorted(positions[one.key] for one, _ in below.get(box.key, ()))
        ]
        seen: list[int] = []
        for end in ends:
            count += len(seen) - bisect.bisect_right(seen, end)
            bisect.insort(seen, end)
    return count
