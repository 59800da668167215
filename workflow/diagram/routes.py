"""The routes of lines between the boxes of a layout: the points where they leave and arrive, and their curves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from .boxes import Connector, Layout, StateBox
from .placement import spread

PORT_GAP: Final = 30.0
SLANT: Final = 0.4
"""The maximum fraction of its sideways distance to the next bend that a line may cover within a label layer."""

Point = tuple[float, float]


def routes_of(layout: Layout) -> dict[int, list[Point]]:
    """Return the points that each line passes, from top to bottom, by the `id` of its Connector."""
    lines = [line for line in layout.lines if line.source != line.target]
    chains = {id(line): _chain(layout, line) for line in lines}
    out = _ports(layout, lines, chains, lower_end=False)
    into = _ports(layout, lines, chains, lower_end=True)
    routes: dict[int, list[Point]] = {}
    for line in lines:
        chain = chains[id(line)]
        upper, lower = chain[0], chain[-1]
        across = [out[id(line)], *(bend.x for bend in chain[1:-1]), into[id(line)]]
        points: list[Point] = [(across[0], upper.y + upper.height), (across[0], layout.bottoms[upper.layer])]
        for bend, before, after in zip(chain[1:-1], across, across[2:], strict=False):
            points += _through(bend, before, after, layout)
        points += [(across[-1], layout.tops[lower.layer]), (across[-1], lower.y)]
        routes[id(line)] = points
    return routes


def _through(bend: StateBox, before: float, after: float, layout: Layout) -> list[Point]:
    """Return the points of a line in a layer: vertical, or slanting in a label layer if it touches no other label."""
    top, bottom = layout.tops[bend.layer], layout.bottoms[bend.layer]
    if bend.layer in layout.labels:
        ends = [bend.x, *(bend.x + (x - bend.x) * SLANT for x in (before, after))]
        others = (label for label in layout.labels[bend.layer] if label is not bend)
        if not any(label.left < max(ends) and min(ends) < label.right for label in others):
            return [(bend.x, (top + bottom) / 2)]
    return [(bend.x, top), (bend.x, bottom)]


def _chain(layout: Layout, line: Connector) -> list[StateBox]:
    source, target = layout.boxes[line.source], layout.boxes[line.target]
    upper, lower = (target, source) if line.backwards else (source, target)
    return [upper, *line.bends, lower]


def _ports(
    layout: Layout, lines: Sequence[Connector], chains: Mapping[int, list[StateBox]], *, lower_end: bool
) -> dict[int, float]:
    """Return each line's x where it leaves or enters a box: as near to its next bend as width and order allow."""
    at_box: dict[str, list[Connector]] = {}
    for line in lines:
        at_box.setdefault(chains[id(line)][-1 if lower_end else 0].key, []).append(line)
    ports: dict[int, float] = {}
    for key, attached in at_box.items():
        box = layout.boxes[key]
        sorted_lines = sorted(
            attached, key=lambda line: (chains[id(line)][-2 if lower_end else 1].x, line.kind == "catch")
        )
        gap = min(PORT_GAP, 2 * box.reach / max(len(sorted_lines) - 1, 1))
        desired = [_towards(box, chains[id(line)][-2 if lower_end else 1]) for line in sorted_lines]
        positions = spread(desired, gap, box.x - box.reach, box.x + box.reach)
        ports |= {id(line): x for line, x in zip(sorted_lines, positions, strict=True)}
    return ports


def _towards(box: StateBox, other: StateBox) -> float:
    """Return the best x at which a line to another box leaves this one: straight down if the two overlap."""
    low, high = max(box.x - box.reach, other.x - other.reach), min(box.x + box.reach, other.x + other.reach)
    if low <= high:
        return min(max((box.x + other.x) / 2, low), high)
    return min(max(other.x, box.x - box.reach), box.x + box.reach)


def curve(points: Sequence[Point]) -> str:
    """Return a smooth SVG path through the points, which overshoots none and is vertical at both ends."""
    distinct = [point for point, after in itertools.pairwise(points) if point[1] < after[1] - 0.5] + [points[-1]]
    slopes = _slopes(distinct)
    pieces = [f"M{distinct[0][0]:.1f} {distinct[0][1]:.1f}"]
    for ((x1, y1), slope1), ((x2, y2), slope2) in itertools.pairwise(zip(distinct, slopes, strict=True)):
        if abs(x1 - x2) < 0.5:
            pieces.append(f"L{x2:.1f} {y2:.1f}")
            continue
        out, into = ((y2 - y1) * (0.34 if slope else 0.46) for slope in (slope1, slope2))
        pieces.append(
            f"C{x1 + slope1 * out:.1f} {y1 + out:.1f} {x2 - slope2 * into:.1f} {y2 - into:.1f} {x2:.1f} {y2:.1f}"
        )
    return "".join(pieces)


def _slopes(points: Sequence[Point]) -> list[float]:
    """Return dx/dy at each point: 0 at ends and turns, otherwise 1.5 times the harmonic mean of both sides.

    The harmonic mean is from Fritsch and Butland (1984), A method for constructing local monotone piecewise cubic
    interpolants. The curve stays monotone up to three times the slope of either side; the factor softens its bends.
    """
    sides = [(x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in itertools.pairwise(points)]
    inner = (3 * one * two / (one + two) if one * two > 0 else 0.0 for one, two in itertools.pairwise(sides))
    return [0.0, *inner, 0.0]
