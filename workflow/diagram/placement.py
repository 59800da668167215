"""Place the boxes of ordered layers: near connected boxes, apart from their neighbours, with straight lines.

Each layer is placed by isotonic regression, which finds the positions that keep order and gaps and are nearest to
those that connected boxes prefer. Then threads are pulled straight: chains of boxes and bends that should be aligned
vertically.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from .boxes import COLUMN_GAP, Neighbours, StateBox

_SWEEPS: Final = 8
_SETTLING: Final = 24
_BEND_PULL: Final = 2.0
"""The weight of a bend relative to a box: a bent line is worse than a displaced state."""
_PLAIN_PULL: Final = 8.0
BESIDE_LABEL: Final = 0.72
"""The fraction of the layer gap that is kept above and below a label layer."""
_ROOM_FOR_SLANTS: Final = 0.06
"""The extra distance between two layers per unit of the largest sideways distance of a line between them."""

Layers = Sequence[Sequence[StateBox]]


def place_across(layers: Layers, above: Neighbours, below: Neighbours) -> None:
    """Set the x coordinate of every box."""
    for layer in layers:
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + COLUMN_GAP
    both = {key: [*above.get(key, ()), *below.get(key, ())] for key in {**above, **below}}
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        near = above if downwards else below
        for layer in layers if downwards else reversed(layers):
            wanted = [_wanted(box, near.get(box.key, ()) or both.get(box.key, ())) for box in layer]
            _settle(layer, wanted, [_insistence(box, both.get(box.key, ())) for box in layer])
    for _ in range(_SETTLING):
        wishes = _wishes_of_threads(layers, above, below, both)
        for layer in layers:
            _settle(
                layer, [wishes[box.key] for box in layer], [_insistence(box, both.get(box.key, ())) for box in layer]
            )
        _pull_straight(layers, above, below)


def place_down(
    layers: Layers, below: Neighbours, label_layers: set[int], gap: float
) -> tuple[list[float], list[float]]:
    """Set the y coordinate of every box; return the upper and the lower edges of the layers.

    Layers are further apart if a line between them goes far sideways.
    """
    y, tops, bottoms = 0.0, list[float](), list[float]()
    for number, layer in enumerate(layers):
        tallest = max((box.height for box in layer), default=0.0)
        for box in layer:
            box.y = y + (tallest - box.height) / 2
        tops.append(y)
        bottoms.append(y + tallest)
        beside_label = number in label_layers or number + 1 in label_layers
        sideways = (_sideways(box, other) for box in layer for other, _ in below.get(box.key, ()))
        more = min(max(sideways, default=0.0) * _ROOM_FOR_SLANTS, gap)
        y += tallest + (gap * BESIDE_LABEL if beside_label else gap) + more
    return tops, bottoms


def _sideways(box: StateBox, other: StateBox) -> float:
    """Return the minimum sideways distance of a line between two boxes."""
    return max(abs(box.x - other.x) - box.reach - other.reach, 0.0)


def spread(wanted: Sequence[float], gap: float, least: float, most: float) -> list[float]:
    """Return the positions nearest to the wanted ones that keep their order, the gap and the limits."""
    boxes = [StateBox(str(index), gap - COLUMN_GAP, 0) for index in range(len(wanted))]
    _settle(boxes, wanted, [1.0] * len(boxes), least, most)
    return [box.x for box in boxes]


Near = Sequence[tuple[StateBox, float]]


def _wanted(box: StateBox, near: Near) -> float:
    """Return the mean of the positions that connected boxes prefer for this one, weighted by pull."""
    weight = sum(pull for _, pull in near)
    return sum(_nearest(box, other, pull) * pull for other, pull in near) / weight if weight else box.x


def _nearest(box: StateBox, other: StateBox, pull: float) -> float:
    """Return the x that another box prefers: its centre or, for a bend of a labelled line, the nearest in its reach."""
    reach = other.reach if box.is_bend and pull < _PLAIN_PULL else 0.0
    return min(max(box.x, other.x - reach), other.x + reach)


def _wishes_of_threads(layers: Layers, above: Neighbours, below: Neighbours, both: Neighbours) -> dict[str, float]:
    """Return the wanted x of every box, which is the same for all members of a thread: their weighted mean."""
    wishes: dict[str, float] = {}
    for thread in _threads(layers, above, below):
        own = [_wanted(box, both.get(box.key, ())) for box in thread]
        weights = [_insistence(box, both.get(box.key, ())) for box in thread]
        mean = sum(place * weight for place, weight in zip(own, weights, strict=True)) / sum(weights)
        wishes |= dict.fromkeys((box.key for box in thread), mean)
    return wishes


def _insistence(box: StateBox, near: Near) -> float:
    return (sum(pull for _, pull in near) or 1.0) * (_BEND_PULL if box.is_bend else 1.0)


def _settle(
    layer: Sequence[StateBox],
    wanted: Sequence[float],
    weights: Sequence[float],
    least: float = -math.inf,
    most: float = math.inf,
) -> None:
    """Move the boxes of a layer to the positions nearest to the wanted ones that keep order, gaps and limits.

    This is isotonic regression by pooling adjacent violators.
    """
    offset, offsets = 0.0, list[float]()
    for before, box in zip([None, *layer], layer, strict=False):
        offset += before.gap_to(box) if before is not None else 0.0
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []
    for place, shift, own in zip(wanted, offsets, weights, strict=True):
        pool = (place - shift, own, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, weight, count = pools.pop()
            total = weight + pool[1]
            pool = ((mean * weight + pool[0] * pool[1]) / total, total, count + pool[2])
        pools.append(pool)
    index = 0
    for mean, _, count in pools:
        for box in layer[index : index + count]:
            box.x = min(max(mean, least), most - offset) + offsets[index]
            index += 1


def _pull_straight(layers: Layers, above: Neighbours, below: Neighbours) -> None:
    """Align the members of each thread vertically, as far as their neighbours in the layers leave room.

    The threads are aligned a second time in reverse order, because their neighbours may have moved since.
    """
    limits = _limits(layers)
    threads = list(_threads(layers, above, below))
    for thread in (*threads, *reversed(threads)):
        run, low, high = list[StateBox](), -math.inf, math.inf
        for box in thread:
            least, most = limits(box)
            if run and max(low, least) > min(high, most):
                _align(run, low, high, above, below)
                run, low, high = [], -math.inf, math.inf
            run.append(box)
            low, high = max(low, least), min(high, most)
        _align(run, low, high, above, below)


def _limits(layers: Layers) -> Callable[[StateBox], tuple[float, float]]:
    """Return a function that returns the minimum and maximum x of a box while all others stay."""
    places = {box.key: (layer, index) for layer in layers for index, box in enumerate(layer)}

    def limits(box: StateBox) -> tuple[float, float]:
        layer, index = places[box.key]
        low = layer[index - 1].x + layer[index - 1].gap_to(box) if index else -math.inf
        high = layer[index + 1].x - box.gap_to(layer[index + 1]) if index + 1 < len(layer) else math.inf
        return low, high

    return limits


def _align(run: Sequence[StateBox], low: float, high: float, above: Neighbours, below: Neighbours) -> None:
    """Align a run of boxes at their mean x; a run of bends stays within the reach of the boxes at its ends."""
    place = sum(box.x for box in run) / len(run)
    ends = [*above.get(run[0].key, ()), *below.get(run[-1].key, ())] if all(box.is_bend for box in run) else []
    for other, _ in ends:
        place = min(max(place, other.x - other.reach), other.x + other.reach) if other.reach else place
    for box in run:
        box.x = min(max(place, low), high)


def _threads(layers: Layers, above: Neighbours, below: Neighbours) -> Iterator[list[StateBox]]:
    """Yield each thread from top to bottom: a chain of boxes that are each other's foremost neighbours."""
    after = {box.key: _foremost(below.get(box.key, ())) for layer in layers for box in layer}
    before = {box.key: _foremost(above.get(box.key, ())) for layer in layers for box in layer}

    def next_of(box: StateBox) -> StateBox | None:
        lower = after[box.key]
        back = before[lower.key] if lower is not None else None
        return lower if back is not None and back.key == box.key else None

    seen: set[str] = set()
    for box in (box for layer in layers for box in layer):
        thread, here = list[StateBox](), box if box.key not in seen else None
        while here is not None:
            thread.append(here)
            seen.add(here.key)
            here = next_of(here)
        if thread:
            yield thread


def _foremost(near: Near) -> StateBox | None:
    """Return the neighbour with the strongest pull; of several, the middle one, or None if their number is even."""
    most = max((pull for _, pull in near), default=0.0)
    first = sorted({box.key: box for box, pull in near if pull == most}.values(), key=lambda box: box.x)
    return first[len(first) // 2] if len(first) % 2 else None


__all__ = ["place_across", "place_down", "spread"]
