"""The layout of a diagram: layers from the start state downwards, few crossings, straight lines.

The method is Sugiyama's: break cycles, put each state a layer below its predecessors, order the layers, and place
their boxes. A label is a wide bend of its line in a label layer, so that it is ordered and placed like any box and
covers no other line.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from .boxes import Connector, Layout, Neighbours, StateBox
from .ordering import order_layers
from .placement import place_across, place_down

DUMMY_WIDTH: Final = 8.0


def arrange(
    boxes: Sequence[StateBox], lines: Sequence[Connector], start: str, *, gap: float, label_height: float
) -> Layout:
    """Compute the coordinates of every box and bend; `gap` is the vertical distance between layers."""
    by_key = {box.key: box for box in boxes}
    connectors = [line for line in lines if line.source != line.target]
    _break_cycles(by_key, connectors, start)
    _choose_layers(by_key, connectors)
    label_layers = _make_room_for_labels(by_key, connectors)
    layers = _insert_bends(by_key, connectors, label_layers, label_height)
    above, below = _neighbours(by_key, connectors)
    layers = order_layers(layers, above, below)
    place_across(layers, above, below)
    tops, bottoms = place_down(layers, below, label_layers, gap)
    labels = {layer: [box for box in layers[layer] if box.height] for layer in label_layers}
    layout = Layout(by_key, list(lines), layers, tops, bottoms, labels)
    _move_to_origin(layout)
    return layout


def _ends(line: Connector) -> tuple[str, str]:
    """Return the keys of the upper and the lower box of a line."""
    return (line.target, line.source) if line.backwards else (line.source, line.target)


def _break_cycles(boxes: Mapping[str, StateBox], lines: Iterable[Connector], start: str) -> None:
    """Mark the lines that close a cycle as backwards, searching depth-first from the start."""
    lines_from: dict[str, list[Connector]] = {key: [] for key in boxes}
    for line in lines:
        lines_from[line.source].append(line)
    open_, done = set[str](), set[str]()
    for first in (start, *boxes):
        if first in done or first not in boxes:
            continue
        open_.add(first)
        stack = [(first, iter(lines_from[first]))]
        while stack:
            key, remaining = stack[-1]
            found = next(remaining, None)
            if found is None:
                stack.pop()
                open_.discard(key)
                done.add(key)
            elif found.target in open_:
                found.backwards = True
            elif found.target not in done:
                open_.add(found.target)
                stack.append((found.target, iter(lines_from[found.target])))


def _choose_layers(boxes: Mapping[str, StateBox], lines: Sequence[Connector]) -> None:
    """Put each box one layer below its lowest predecessor."""
    unplaced_predecessors = dict.fromkeys(boxes, 0)
    boxes_below: dict[str, list[str]] = {key: [] for key in boxes}
    for line in lines:
        upper, lower = _ends(line)
        boxes_below[upper].append(lower)
        unplaced_predecessors[lower] += 1
    ready = [key for key, count in unplaced_predecessors.items() if count == 0]
    while ready:
        key = ready.pop()
        for lower in boxes_below[key]:
            boxes[lower].layer = max(boxes[lower].layer, boxes[key].layer + 1)
            unplaced_predecessors[lower] -= 1
            if unplaced_predecessors[lower] == 0:
                ready.append(lower)


def _make_room_for_labels(boxes: Mapping[str, StateBox], lines: Iterable[Connector]) -> set[int]:
    """Insert a label layer below every layer from which a labelled line leads down; return their indexes."""
    labelled = sorted({boxes[_ends(line)[0]].layer for line in lines if line.label_width})
    for box in boxes.values():
        box.layer += bisect.bisect_left(labelled, box.layer)
    return {layer + number + 1 for number, layer in enumerate(labelled)}


def _insert_bends(
    boxes: Mapping[str, StateBox], lines: Sequence[Connector], label_layers: set[int], label_height: float
) -> list[list[StateBox]]:
    layers: list[list[StateBox]] = [[] for _ in range(max((box.layer for box in boxes.values()), default=0) + 1)]
    for box in boxes.values():
        layers[box.layer].append(box)
    for index, line in enumerate(lines):
        upper, lower = _ends(line)
        for layer in range(boxes[upper].layer + 1, boxes[lower].layer):
            bend = StateBox(f"\0{index}.{layer}", DUMMY_WIDTH, 0, layer=layer, is_bend=True)
            if line.label_width and line.label is None and layer in label_layers:
                bend.width, bend.height = line.label_width, label_height
                line.label = bend
            line.bends.append(bend)
            layers[layer].append(bend)
    return layers


def _neighbours(boxes: Mapping[str, StateBox], lines: Iterable[Connector]) -> tuple[Neighbours, Neighbours]:
    above: dict[str, list[tuple[StateBox, float]]] = {}
    below: dict[str, list[tuple[StateBox, float]]] = {}
    for line in lines:
        upper, lower = _ends(line)
        for high, low in itertools.pairwise([boxes[upper], *line.bends, boxes[lower]]):
            below.setdefault(high.key, []).append((low, line.pull))
            above.setdefault(low.key, []).append((high, line.pull))
    return above, below


def _move_to_origin(layout: Layout) -> None:
    every = [box for layer in layout.layers for box in layer]
    left = min((box.left for box in every), default=0.0)
    for box in every:
        box.x -= left
    layout.width = max((box.right for box in every), default=0.0)
    layout.height = max((box.y + box.height for box in every), default=0.0)
