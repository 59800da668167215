"""Where everything stands in a picture: layers from the start down, few crossings, straight lines.

The method is Sugiyama's: break cycles, put each state a layer below its predecessors, order layers by barycentres, and
place by isotonic regression (the nearest places to where neighbours want a box that keep the gaps). A label is a wide
bend of its line in a layer of its own, so that it takes part in all of this and covers no other line.

Past 250 lines: the steps of one method.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SWEEPS: Final = 8
COLUMN_GAP: Final = 34.0
CORNER: Final = 22.0
"""What lines leave free at either end of a box."""
LINE_GAP: Final = 17.0
"""Between two neighbours of which one at least is a line."""
DUMMY_WIDTH: Final = 8.0
BESIDE_LABEL: Final = 0.72
"""The part of a gap that is left above and below labels."""


@dataclass(slots=True)
class Box:
    """A node: a state, or a bend of an arrow that passes a layer."""

    key: str
    width: float
    height: float
    x: float = 0.0
    """Of its centre."""
    y: float = 0.0
    """Of its upper edge."""
    layer: int = 0
    is_bend: bool = False
    """Whether this is where a line passes a layer, with or without its label."""

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width / 2

    @property
    def reach(self) -> float:
        """How far from the centre lines may arrive."""
        return 0.0 if self.is_bend else max(self.width / 2 - CORNER, 0.0)


@dataclass(slots=True)
class Line:
    """An arrow, from box to box, and the bends between them from top to bottom."""

    source: str
    target: str
    kind: str = "next"
    """As of the arrows it stands for: all of one kind, between the same two states."""
    words: list[str] = field(default_factory=list[str])
    """When each of its arrows is taken."""
    label_width: float = 0.0
    """Of the label with its margins; 0 where there is none."""
    backwards: bool = False
    bends: list[Box] = field(default_factory=list[Box])
    label: Box | None = None
    """The bend that carries the label."""


@dataclass(slots=True)
class Layout:
    """Boxes and lines in place; x and y count from the upper left corner."""

    boxes: dict[str, Box]
    lines: list[Line]
    layers: list[list[Box]]
    tops: list[float]
    """Upper edge of each layer."""
    bottoms: list[float]
    """Lower edge of each layer."""
    labels: dict[int, list[Box]]
    """What stands in the layers of labels."""
    width: float = 0.0
    height: float = 0.0


def arranged(boxes: Sequence[Box], lines: Sequence[Line], start: str, *, gap: float, label_height: float) -> Layout:
    """Give every box and bend its place."""
    by_key = {box.key: box for box in boxes}
    kept = [line for line in lines if line.source != line.target]
    _break_cycles(by_key, kept, start)
    _choose_layers(by_key, kept)
    label_layers = _make_room_for_labels(by_key, kept)
    layers = _with_bends(by_key, kept, label_layers, label_height)
    above, below = _neighbours(kept)
    _order(layers, above, below)
    _place_across(layers, above, below, kept)
    tops, bottoms = _place_down(layers, label_layers, gap)
    labels = {layer: [box for box in layers[layer] if box.height] for layer in label_layers}
    layout = Layout(by_key, list(lines), layers, tops, bottoms, labels)
    _to_the_corner(layout)
    return layout


def _ends(line: Line) -> tuple[str, str]:
    """From top to bottom."""
    return (line.target, line.source) if line.backwards else (line.source, line.target)


def _break_cycles(boxes: Mapping[str, Box], lines: Iterable[Line], start: str) -> None:
    """Turn round the arrows that lead back, found depth first from the start."""
    ways: dict[str, list[Line]] = {key: [] for key in boxes}
    for line in lines:
        ways[line.source].append(line)
    open_, done = set[str](), set[str]()
    for first in (start, *boxes):
        if first in done or first not in boxes:
            continue
        open_.add(first)
        stack = [(first, iter(ways[first]))]
        while stack:
            here, left = stack[-1]
            found = next(left, None)
            if found is None:
                stack.pop()
                open_.discard(here)
                done.add(here)
            elif found.target in open_:
                found.backwards = True
            elif found.target not in done:
                open_.add(found.target)
                stack.append((found.target, iter(ways[found.target])))


def _choose_layers(boxes: Mapping[str, Box], lines: Sequence[Line]) -> None:
    """Each box one layer below the lowest that leads to it."""
    waiting = dict.fromkeys(boxes, 0)
    ways: dict[str, list[str]] = {key: [] for key in boxes}
    for line in lines:
        upper, lower = _ends(line)
        ways[upper].append(lower)
        waiting[lower] += 1
    ready = [key for key, count in waiting.items() if count == 0]
    while ready:
        key = ready.pop()
        for lower in ways[key]:
            boxes[lower].layer = max(boxes[lower].layer, boxes[key].layer + 1)
            waiting[lower] -= 1
            if waiting[lower] == 0:
                ready.append(lower)


def _make_room_for_labels(boxes: Mapping[str, Box], lines: Iterable[Line]) -> set[int]:
    """Put a layer below every one that a labelled line leaves downwards; return these new layers."""
    labelled = sorted({boxes[_ends(line)[0]].layer for line in lines if line.label_width})
    for box in boxes.values():
        box.layer += bisect.bisect_left(labelled, box.layer)
    return {layer + number + 1 for number, layer in enumerate(labelled)}


def _with_bends(
    boxes: Mapping[str, Box], lines: Sequence[Line], label_layers: set[int], label_height: float
) -> list[list[Box]]:
    layers: list[list[Box]] = [[] for _ in range(max((box.layer for box in boxes.values()), default=0) + 1)]
    for box in boxes.values():
        layers[box.layer].append(box)
    for index, line in enumerate(lines):
        upper, lower = _ends(line)
        for layer in range(boxes[upper].layer + 1, boxes[lower].layer):
            bend = Box(f"\0{index}.{layer}", DUMMY_WIDTH, 0, layer=layer, is_bend=True)
            if line.label_width and line.label is None and layer in label_layers:
                bend.width, bend.height = line.label_width, label_height
                line.label = bend
            line.bends.append(bend)
            layers[layer].append(bend)
    return layers


Neighbours = dict[str, list[str]]


def _neighbours(lines: Iterable[Line]) -> tuple[Neighbours, Neighbours]:
    above: Neighbours = {}
    below: Neighbours = {}
    for line in lines:
        upper, lower = _ends(line)
        chain = [upper, *(bend.key for bend in line.bends), lower]
        for high, low in itertools.pairwise(chain):
            below.setdefault(high, []).append(low)
            above.setdefault(low, []).append(high)
    return above, below


def _order(layers: list[list[Box]], above: Neighbours, below: Neighbours) -> None:
    """Sort each layer by the mean place of its neighbours, downwards and upwards; the best order met is kept."""
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, below)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for layer, other in _pairs(layers, downwards):
            places = {box.key: place for place, box in enumerate(other)}
            now = {box.key: place for place, box in enumerate(layer)}
            neighbours = above if downwards else below
            layer.sort(
                key=lambda box: _mean(
                    [places[key] for key in neighbours.get(box.key, ()) if key in places], now[box.key]
                )
            )
        crossings = _crossings(layers, below)
        if crossings < fewest:
            fewest, best = crossings, [list(layer) for layer in layers]
    layers[:] = best


def _pairs(layers: list[list[Box]], downwards: bool) -> Iterable[tuple[list[Box], list[Box]]]:
    if downwards:
        return zip(layers[1:], layers, strict=False)
    return zip(reversed(layers[:-1]), reversed(layers), strict=False)


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(layers: Sequence[Sequence[Box]], below: Neighbours) -> int:
    """Counted by inversions."""
    count = 0
    for upper, lower in itertools.pairwise(layers):
        places = {box.key: place for place, box in enumerate(lower)}
        ends = [places[key] for box in upper for key in sorted(below.get(box.key, ()), key=lambda key: places[key])]
        seen: list[int] = []
        for end in ends:
            count += len(seen) - bisect.bisect_right(seen, end)
            bisect.insort(seen, end)
    return count


def _place_across(layers: list[list[Box]], above: Neighbours, below: Neighbours, lines: Sequence[Line]) -> None:
    boxes = {box.key: box for layer in layers for box in layer}
    long = {bend.key: line for line in lines if len(line.bends) > 1 for bend in line.bends}
    for layer in layers:
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + COLUMN_GAP
    for sweep in range(2 * SWEEPS):
        downwards, settling = sweep % 2 == 0, sweep >= SWEEPS
        middles = {id(line): _mean([bend.x for bend in line.bends], 0.0) for line in lines} if settling else {}
        for layer in layers if downwards else reversed(layers):
            wanted: list[float] = []
            for box in layer:
                if settling and box.key in long:
                    wanted.append(middles[id(long[box.key])])
                    continue
                both = above.get(box.key, []) + below.get(box.key, []) if settling else []
                near = both or (above if downwards else below).get(box.key, [])
                wanted.append(_mean([_nearest(box, boxes[key]) for key in near], box.x))
            _settle(layer, wanted)


def _nearest(box: Box, other: Box) -> float:
    """Where the other would have this one: below its middle, or for a line, below any part of it."""
    reach = other.reach if box.is_bend else 0.0
    return min(max(box.x, other.x - reach), other.x + reach)


def _settle(layer: Sequence[Box], wanted: Sequence[float], least: float = -math.inf, most: float = math.inf) -> None:
    """The places nearest to the wanted ones that keep order, gaps and limits: isotonic regression by pools."""
    offset, offsets = 0.0, list[float]()
    for before, box in zip([None, *layer], layer, strict=False):
        if before is not None:
            offset += (before.width + box.width) / 2 + (LINE_GAP if before.is_bend and box.is_bend else COLUMN_GAP)
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []
    for box, place, shift in zip(layer, wanted, offsets, strict=True):
        pool = (place - shift, 4.0 if box.is_bend else 1.0, 1)
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


def _place_down(layers: Sequence[Sequence[Box]], label_layers: set[int], gap: float) -> tuple[list[float], list[float]]:
    y, tops, bottoms = 0.0, list[float](), list[float]()
    for number, layer in enumerate(layers):
        tallest = max((box.height for box in layer), default=0.0)
        for box in layer:
            box.y = y + (tallest - box.height) / 2
        tops.append(y)
        bottoms.append(y + tallest)
        beside_label = number in label_layers or number + 1 in label_layers
        y += tallest + (gap * BESIDE_LABEL if beside_label else gap)
    return tops, bottoms


def spread(wanted: Sequence[float], gap: float, least: float, most: float) -> list[float]:
    """Places nearest to the wanted ones, in this order, that keep a gap apart and lie within the limits."""
    boxes = [Box(str(index), gap - COLUMN_GAP, 0) for index in range(len(wanted))]
    _settle(boxes, wanted, least, most)
    return [box.x for box in boxes]


def _to_the_corner(layout: Layout) -> None:
    every = [box for layer in layout.layers for box in layer]
    left = min((box.left for box in every), default=0.0)
    for box in every:
        box.x -= left
    layout.width = max((box.right for box in every), default=0.0)
    layout.height = max((box.y + box.height for box in every), default=0.0)
