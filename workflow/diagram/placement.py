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
_THREAD_SWEEPS: Final = 24
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
        connections = above if downwards else below
        for layer in layers if downwards else reversed(layers):
            desired = [_mean_position(box, connections.get(box.key, ()) or both.get(box.key, ())) for box in layer]
            _settle_layer(layer, desired, [_weight(box, both.get(box.key, ())) for box in layer])
    for _ in range(_THREAD_SWEEPS):
        positions = _thread_positions(layers, above, below, both)
        for layer in layers:
            _settle_layer(
                layer, [positions[box.key] for box in layer], [_weight(box, both.get(box.key, ())) for box in layer]
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


def spread(desired: Sequence[float], gap: float, minimum: float, maximum: float) -> list[float]:
    """Return the positions nearest to the desired ones that keep their order, the gap and the limits."""
    boxes = [StateBox(str(index), gap - COLUMN_GAP, 0) for index in range(len(desired))]
    _settle_layer(boxes, desired, [1.0] * len(boxes), minimum, maximum)
    return [box.x for box in boxes]


Connections = Sequence[tuple[StateBox, float]]


def _mean_position(box: StateBox, connections: Connections) -> float:
    """Return the mean of the positions that connected boxes prefer for this one, weighted by pull."""
    weight = sum(pull for _, pull in connections)
    return sum(_nearest(box, other, pull) * pull for other, pull in connections) / weight if weight else box.x


def _nearest(box: StateBox, other: StateBox, pull: float) -> float:
    """Return the x that another box prefers: its centre or, for a bend of a labelled line, the nearest in its reach."""
    reach = other.reach if box.is_bend and pull < _PLAIN_PULL else 0.0
    return min(max(box.x, other.x - reach), other.x + reach)


def _thread_positions(layers: Layers, above: Neighbours, below: Neighbours, both: Neighbours) -> dict[str, float]:
    """Return the desired x of every box, which is the same for all members of a thread: their weighted mean."""
    positions: dict[str, float] = {}
    for thread in _threads(layers, above, below):
        member_positions = [_mean_position(box, both.get(box.key, ())) for box in thread]
        weights = [_weight(box, both.get(box.key, ())) for box in thread]
        mean = sum(position * weight for position, weight in zip(member_positions, weights, strict=True)) / sum(weights)
        positions |= dict.fromkeys((box.key for box in thread), mean)
    return positions


def _weight(box: StateBox, connections: Connections) -> float:
    return (sum(pull for _, pull in connections) or 1.0) * (_BEND_PULL if box.is_bend else 1.0)


def _settle_layer(
    layer: Sequence[StateBox],
    desired: Sequence[float],
    weights: Sequence[float],
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> None:
    """Move the boxes of a layer to the positions nearest to the desired ones that keep order, gaps and limits.

    This is isotonic regression by pooling adjacent violators.
    """
    offset, offsets = 0.0, list[float]()
    for before, box in zip([None, *layer], layer, strict=False):
        offset += before.gap_to(box) if before is not None else 0.0
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []
    for position, shift, own in zip(desired, offsets, weights, strict=True):
        pool = (position - shift, own, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, weight, count = pools.pop()
            total = weight + pool[1]
            pool = ((mean * weight + pool[0] * pool[1]) / total, total, count + pool[2])
        pools.append(pool)
    index = 0
    for mean, _, count in pools:
        for box in layer[index : index + count]:
            box.x = min(max(mean, minimum), maximum - offset) + offsets[index]
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
            minimum, maximum = limits(box)
            if run and max(low, minimum) > min(high, maximum):
                _align(run, low, high, above, below)
                run, low, high = [], -math.inf, math.inf
            run.append(box)
            low, high = max(low, minimum), min(high, maximum)
        _align(run, low, high, above, below)


def _limits(layers: Layers) -> Callable[[StateBox], tuple[float, float]]:
    """Return a function that returns the minimum and maximum x of a box while all others stay."""
    indexes = {box.key: (layer, index) for layer in layers for index, box in enumerate(layer)}

    def limits(box: StateBox) -> tuple[float, float]:
        layer, index = indexes[box.key]
        low = layer[index - 1].x + layer[index - 1].gap_to(box) if index else -math.inf
        high = layer[index + 1].x - box.gap_to(layer[index + 1]) if index + 1 < len(layer) else math.inf
        return low, high

    return limits


def _align(run: Sequence[StateBox], low: float, high: float, above: Neighbours, below: Neighbours) -> None:
    """Align a run of boxes at their mean x; a run of bends stays within the reach of the boxes at its ends."""
    x = sum(box.x for box in run) / len(run)
    ends = [*above.get(run[0].key, ()), *below.get(run[-1].key, ())] if all(box.is_bend for box in run) else []
    for other, _ in ends:
        x = min(max(x, other.x - other.reach), other.x + other.reach) if other.reach else x
    for box in run:
        box.x = min(max(x, low), high)


def _threads(layers: Layers, above: Neighbours, below: Neighbours) -> Iterator[list[StateBox]]:
    """Yield each thread from top to bottom: a chain of boxes that are each other's strongest neighbours."""
    after = {box.key: _strongest_neighbour(below.get(box.key, ())) for layer in layers for box in layer}
    before = {box.key: _strongest_neighbour(above.get(box.key, ())) for layer in layers for box in layer}

    def next_of(box: StateBox) -> StateBox | None:
        lower = after[box.key]
        upper = before[lower.key] if lower is not None else None
        return lower if upper is not None and upper.key == box.key else None

    seen: set[str] = set()
    for box in (box for layer in layers for box in layer):
        thread, current = list[StateBox](), box if box.key not in seen else None
        while current is not None:
            thread.append(current)
            seen.add(current.key)
            current = next_of(current)
        if thread:
            yield thread


def _strongest_neighbour(connections: Connections) -> StateBox | None:
    """Return the neighbour with the strongest pull; of several, the middle one, or None if their number is even."""
    strongest = max((pull for _, pull in connections), default=0.0)
    tied = sorted({box.key: box for box, pull in connections if pull == strongest}.values(), key=lambda box: box.x)
    return tied[len(tied) // 2] if len(tied) % 2 else None


__all__ = ["place_across", "place_down", "spread"]
