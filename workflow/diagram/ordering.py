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
    met = (
        order
        for first in _FIRST_ORDERS
        for order in _swept([sorted(layer, key=first) for layer in layers], above, below)
    )
    return min(met, key=lambda order: _crossings(order, below))


def _swept(layers: Layers, above: Neighbours, below: Neighbours) -> Iterable[Layers]:
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
    places = {box.key: place for place, box in enumerate(other)}
    now = {box.key: place for place, box in enumerate(layer)}

    def mean(box: StateBox) -> float:
        near = [places[one.key] for one, _ in neighbours.get(box.key, ()) if one.key in places]
        return sum(near) / len(near) if near else now[box.key]

    layer.sort(key=mean)


def _crossings(layers: Layers, below: Neighbours) -> int:
    """Return the number of line crossings, counted as inversions."""
    count = 0
    for upper, lower in itertools.pairwise(layers):
        places = {box.key: place for place, box in enumerate(lower)}
        ends = [place for box in upper for place in sorted(places[one.key] for one, _ in below.get(box.key, ()))]
        seen: list[int] = []
        for end in ends:
            count += len(seen) - bisect.bisect_right(seen, end)
            bisect.insort(seen, end)
    return count
