"""Where everything stands in a picture: layers from the start down, few crossings, straight lines.

The method is Sugiyama's: break cycles, put each state a layer below its predecessors, order layers by barycentres, and
place by isotonic regression (the nearest places to where neighbours want a box that keep the gaps).

Past 250 lines: the steps of one method.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SWEEPS: Final = 8
COLUMN_GAP: Final = 34.0
DUMMY_WIDTH: Final = 8.0


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


@dataclass(slots=True)
class Line:
    """An arrow, from box to box, and the bends between them from top to bottom."""

    source: str
    target: str
    label_width: float = 0.0
    data: object = None
    backwards: bool = False
    bends: list[Box] = field(default_factory=list[Box])


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
    width: float = 0.0
    height: float = 0.0


def arranged(boxes: Sequence[Box], lines: Sequence[Line], start: str, *, gap: float, label_gap: float) -> Layout:
    """Give every box and bend its place."""
    by_key = {box.key: box for box in boxes}
    kept = [line for line in lines if line.source != line.target]
    _break_cycles(by_key, kept, start)
    _choose_layers(by_key, kept)
    layers = _with_bends(by_key, kept)
    above, below = _neighbours(kept)
    _order(layers, above, below)
    _place_across(layers, above, below)
    labelled = {by_key[_ends(line)[0]].layer for line in kept if line.label_width}
    tops, bottoms = _place_down(layers, labelled, gap, label_gap)
    layout = Layout(by_key, list(lines), layers, tops, bottoms)
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


def _with_bends(boxes: Mapping[str, Box], lines: Sequence[Line]) -> list[list[Box]]:
    layers: list[list[Box]] = [[] for _ in range(max((box.layer for box in boxes.values()), default=0) + 1)]
    for box in boxes.values():
        layers[box.layer].append(box)
    for index, line in enumerate(lines):
        upper, lower = _ends(line)
        for layer in range(boxes[upper].layer + 1, boxes[lower].layer):
            bend = Box(f"\0{index}.{layer}", DUMMY_WIDTH, 0, layer=layer, is_bend=True)
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
    """Counted by inversions; large layers are sampled by their neighbours in order only."""
    count = 0
    for upper, lower in itertools.pairwise(layers):
        places = {box.key: place for place, box in enumerate(lower)}
        ends = [places[key] for box in upper for key in sorted(below.get(box.key, ()), key=lambda key: places[key])]
        if len(ends) > 400:
            ends = ends[:400]
        count += sum(1 for index, first in enumerate(ends) for second in ends[index + 1 :] if first > second)
    return count


def _place_across(layers: list[list[Box]], above: Neighbours, below: Neighbours) -> None:
    boxes = {box.key: box for layer in layers for box in layer}
    for layer in layers:
        x = 0.0
        for box in layer:
            box.x = x + box.width / 2
            x += box.width + COLUMN_GAP
    for sweep in range(2 * SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers if downwards else reversed(layers):
            wanted: list[float] = []
            for box in layer:
                both = above.get(box.key, []) + below.get(box.key, []) if sweep >= SWEEPS else []
                near = both or (above if downwards else below).get(box.key, [])
                wanted.append(_mean([boxes[key].x for key in near], box.x))
            _settle(layer, wanted)


def _settle(layer: Sequence[Box], wanted: Sequence[float]) -> None:
    """The places nearest to the wanted ones that keep order and gaps: isotonic regression, pooling neighbours."""
    offset, offsets = 0.0, list[float]()
    for before, box in zip([None, *layer], layer, strict=False):
        if before is not None:
            offset += (before.width + box.width) / 2 + (
                COLUMN_GAP / 2 if before.is_bend and box.is_bend else COLUMN_GAP
            )
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
            box.x = mean + offsets[index]
            index += 1


def _place_down(
    layers: Sequence[Sequence[Box]], labelled: set[int], gap: float, label_gap: float
) -> tuple[list[float], list[float]]:
    y, tops, bottoms = 0.0, list[float](), list[float]()
    for number, layer in enumerate(layers):
        tallest = max((box.height for box in layer), default=0.0)
        for box in layer:
            box.y = y + (tallest - box.height) / 2
        tops.append(y)
        bottoms.append(y + tallest)
        y += tallest + (label_gap if number in labelled else gap)
    return tops, bottoms


def spread(wanted: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """Centres nearest to the wanted ones, in this order, that keep their widths and a gap apart."""
    boxes = [Box(str(index), width + gap - COLUMN_GAP, 0) for index, width in enumerate(widths)]
    _settle(boxes, wanted)
    return [box.x for box in boxes]


def _to_the_corner(layout: Layout) -> None:
    every = [box for layer in layout.layers for box in layer]
    left = min((box.x - box.width / 2 for box in every), default=0.0)
    for box in every:
        box.x -= left
    layout.width = max((box.x + box.width / 2 for box in every), default=0.0)
    layout.height = max((box.y + box.height for box in every), default=0.0)
