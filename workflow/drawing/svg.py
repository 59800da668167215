"""A state machine as an SVG picture: cards for states, frames for what is nested, dashed arrows for errors.

It is plain SVG without scripts or outside fonts, follows the reader's light or dark scheme, and can show a taken path.

Past 250 lines: one short function for each thing that is drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final, cast

from ..definition import Definition, Scope, State, parse
from .labels import arrow_label, shortened, subtitle
from .layout import Box, Layout, Line, arranged, spread
from .theme import COLOURS, ICONS, STYLE, text_width

if TYPE_CHECKING:
    from ..running import Run

START: Final = "\1start"
END: Final = "\1end"
CARD_HEIGHT: Final = 54.0
GAP: Final = 44.0
LABEL_GAP: Final = 76.0
MARGIN: Final = 40.0
HEADER: Final = 40.0
PADDING: Final = 22.0
PORT_GAP: Final = 30.0

Point = tuple[float, float]
Steps = frozenset[tuple[str, str, bool]]
"""From, to, and whether by an error."""


@dataclass(slots=True)
class Picture:
    """A drawn scope and its size."""

    width: float
    height: float
    body: str


@dataclass(slots=True)
class _Way:
    """Arrows of one kind between the same two states, drawn as one."""

    kind: str
    labels: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return shortened(" / ".join(dict.fromkeys(label for label in self.labels if label)), 46)


def svg(definition: object, *, taken: Iterable[str] | Run = (), title: str | None = None) -> str:
    """The picture as SVG text; with a taken path (a run, or names of states), everything else steps back."""
    asl = parse(definition)
    path, steps = _way_taken(asl, taken)
    pictures: dict[str, Picture] = {}
    for scope in reversed(list(asl.scopes())):
        pictures[scope.pointer] = _scope(scope, pictures, path, steps)
    return _page(asl, pictures[""], title)


def _way_taken(asl: Definition, taken: Iterable[str] | Run) -> tuple[frozenset[str], Steps]:
    """The states of a path and its steps; of names alone a step by an error is told only where there is no other."""
    visits = getattr(taken, "visits", None)
    if visits is not None:
        seen = cast("Run", taken).visits
        arrows = [visit.arrow for visit in seen if visit.arrow is not None]
        return frozenset(visit.state for visit in seen), frozenset(
            (a.source, a.target, a.kind == "catch") for a in arrows
        )
    path = tuple(cast("Iterable[str]", taken))
    plain = {(arrow.source, arrow.target) for state in asl.states() for arrow in state.arrows if arrow.kind != "catch"}
    pairs = itertools.pairwise(path)
    return frozenset(path), frozenset((*pair, pair not in plain) for pair in pairs)


def _scope(scope: Scope, pictures: Mapping[str, Picture], taken: frozenset[str], steps: Steps) -> Picture:
    boxes = [Box(START, 16, 16), *(_box(state, pictures) for state in scope.states)]
    lines = list(_lines(scope))
    if any(line.target == END for line in lines):
        boxes.append(Box(END, 18, 18))
    layout = arranged(boxes, lines, START, gap=GAP, label_gap=LABEL_GAP)
    shift, width = _room_for_labels(layout)
    nodes = (_node(state, layout.boxes[state.name], pictures, taken) for state in scope.states)
    body = "".join([*_drawn_lines(layout, taken, steps), *nodes, *_dots(layout)])
    return Picture(width, layout.height, f'<g transform="translate({shift:.1f} 0)">{body}</g>')


def _box(state: State, pictures: Mapping[str, Picture]) -> Box:
    inner = [pictures[scope.pointer] for scope in state.scopes]
    title = max(text_width(_shown(state), 14, bold=True), text_width(subtitle(state), 11.5)) + 66
    if not inner:
        return Box(state.name, max(title, 132.0), CARD_HEIGHT)
    width = sum(picture.width for picture in inner) + PADDING * (len(inner) + 1)
    return Box(state.name, max(width, title), max(picture.height for picture in inner) + HEADER + 2 * PADDING)


def _lines(scope: Scope) -> Iterator[Line]:
    if scope.start in scope.by_name:
        yield Line(START, scope.start or "", data=_Way("next"))
    for state in scope.states:
        ways: dict[tuple[str, bool], _Way] = {}
        for arrow in state.arrows:
            if arrow.target in scope.by_name:
                way = ways.setdefault((arrow.target, arrow.kind == "catch"), _Way(arrow.kind))
                way.labels.append(arrow_label(arrow))
        for (target, _), way in ways.items():
            yield Line(state.name, target, text_width(way.text, 11.5), way)
        if state.fields.get("End") is True:
            yield Line(state.name, END, data=_Way("next"))


def _room_for_labels(layout: Layout) -> tuple[float, float]:
    """How far to shift to the right, and how wide, so that no label is cut off."""
    left, right = 0.0, layout.width
    for _, x, _, width in _labels(layout, _routes(layout)):
        left, right = min(left, x - width / 2 - 10), max(right, x + width / 2 + 10)
    return -left, right - left


def _routes(layout: Layout) -> dict[int, list[Point]]:
    """The points that each line passes, from top to bottom."""
    lines = [line for line in layout.lines if line.source != line.target]
    chains = {id(line): _chain(layout, line) for line in lines}
    out = _ports(layout, lines, chains, lower_end=False)
    into = _ports(layout, lines, chains, lower_end=True)
    routes: dict[int, list[Point]] = {}
    for line in lines:
        chain = chains[id(line)]
        upper, lower = chain[0], chain[-1]
        points: list[Point] = [(out[id(line)], upper.y + upper.height), (out[id(line)], layout.bottoms[upper.layer])]
        for bend in chain[1:-1]:
            points += [(bend.x, layout.tops[bend.layer]), (bend.x, layout.bottoms[bend.layer])]
        points += [(into[id(line)], layout.tops[lower.layer]), (into[id(line)], lower.y)]
        routes[id(line)] = points
    return routes


def _chain(layout: Layout, line: Line) -> list[Box]:
    source, target = layout.boxes[line.source], layout.boxes[line.target]
    upper, lower = (target, source) if line.backwards else (source, target)
    return [upper, *line.bends, lower]


def _ports(
    layout: Layout, lines: Sequence[Line], chains: Mapping[int, list[Box]], *, lower_end: bool
) -> dict[int, float]:
    """Where lines leave or enter a box: as straight towards the next bend as the box's width and order allow."""
    at_box: dict[str, list[Line]] = {}
    for line in lines:
        at_box.setdefault(chains[id(line)][-1 if lower_end else 0].key, []).append(line)
    places: dict[int, float] = {}
    for key, here in at_box.items():
        box = layout.boxes[key]
        ordered = sorted(here, key=lambda line: (chains[id(line)][-2 if lower_end else 1].x, _is_error(line)))
        reach = max(box.width / 2 - 22, 0)
        gap = min(PORT_GAP, 2 * reach / max(len(ordered) - 1, 1))
        wanted = [_towards(box, chains[id(line)][-2 if lower_end else 1]) for line in ordered]
        spots = spread(wanted, [0.0] * len(ordered), gap)
        excess = max(spots[-1] - (box.x + reach), 0) - max((box.x - reach) - spots[0], 0)
        for line, spot in zip(ordered, spots, strict=True):
            places[id(line)] = spot - excess
    return places


def _towards(box: Box, other: Box) -> float:
    """Where a line to another box best leaves this one: straight where they overlap."""
    reach, others = (max(one.width / 2 - 22, 0) for one in (box, other))
    low, high = max(box.x - reach, other.x - others), min(box.x + reach, other.x + others)
    aim = (box.x + other.x) / 2 if low <= high else other.x
    return min(max(aim, box.x - reach), box.x + reach) if low > high else min(max(aim, low), high)


def _is_error(line: Line) -> bool:
    return isinstance(line.data, _Way) and line.data.kind == "catch"


def _labels(layout: Layout, routes: Mapping[int, list[Point]]) -> list[tuple[Line, float, float, float]]:
    """Each labelled line with the centre and the width of its label, side by side within a gap."""
    by_layer: dict[int, list[tuple[Line, float]]] = {}
    for line in layout.lines:
        if line.label_width and id(line) in routes:
            points = routes[id(line)]
            layer = _chain(layout, line)[0].layer
            by_layer.setdefault(layer, []).append((line, points[1][0] * 0.45 + points[2][0] * 0.55))
    placed: list[tuple[Line, float, float, float]] = []
    for layer, here in by_layer.items():
        here.sort(key=lambda each: each[1])
        widths = [line.label_width + 16 for line, _ in here]
        centres = spread([x for _, x in here], widths, 8)
        y = layout.bottoms[layer] + LABEL_GAP * 0.52
        placed += [(line, x, y, width) for (line, _), x, width in zip(here, centres, widths, strict=True)]
    return placed


def _drawn_lines(layout: Layout, taken: frozenset[str], steps: Steps) -> Iterator[str]:
    routes = _routes(layout)
    for line in layout.lines:
        names = _classes(line, taken, steps)
        if line.source == line.target:
            yield _loop(layout.boxes[line.source], names)
            continue
        marker = "marker-start" if line.backwards else "marker-end"
        head = "taken" if "taken" in names else "error" if _is_error(line) else "next"
        yield f'<path class="{names}" d="{_curve(routes[id(line)])}" {marker}="url(#{head})"/>'
    for line, x, y, width in _labels(layout, routes):
        text = line.data.text if isinstance(line.data, _Way) else ""
        names = _classes(line, taken, steps).replace("line", "label", 1)
        yield (
            f'<g class="{names}"><rect x="{x - width / 2:.1f}" y="{y - 10:.1f}" '
            f'width="{width:.1f}" height="20" rx="10"/><text x="{x:.1f}" y="{y + 4:.1f}">{escape(text)}</text></g>'
        )


def _classes(line: Line, taken: frozenset[str], steps: Steps) -> str:
    names = ["line", "error" if _is_error(line) else "next"]
    first, last = line.source == START and line.target in taken, line.target == END and line.source in taken
    if taken and ((line.source, line.target, _is_error(line)) in steps or first or last):
        names.append("taken")
    elif taken:
        names.append("dim")
    return " ".join(names)


def _curve(points: Sequence[Point]) -> str:
    pieces = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        if abs(x1 - x2) < 0.5:
            pieces.append(f"L{x2:.1f} {y2:.1f}")
        elif abs(y2 - y1) < 0.5:
            continue
        else:
            middle = (y1 + y2) / 2
            pieces.append(f"C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}")
    return "".join(pieces)


def _loop(box: Box, names: str) -> str:
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return f'<path class="{names}" d="M{x:.1f} {y - 10:.1f}c34 -14 34 34 0 20" marker-end="url(#next)"/>'


def _node(state: State, box: Box, pictures: Mapping[str, Picture], taken: frozenset[str]) -> str:
    kind = state.type if state.type in COLOURS else "Task"
    faded = " dim" if taken and state.name not in taken and not state.scope.depth else ""
    names = f"state {kind}{' taken' if state.name in taken else ''}{faded}"
    here = f'<g class="{names}" transform="translate({box.x - box.width / 2:.1f} {box.y:.1f})">'
    tip = f"<title>{escape(_tip(state))}</title>"
    inner = "".join(_inside(state, box, pictures))
    frame = f'<rect class="{"frame" if inner else "card"}" width="{box.width:.1f}" height="{box.height:.1f}" rx="12"/>'
    middle = HEADER / 2 + 7 if inner else box.height / 2
    icon = f'<g transform="translate(27 {middle:.1f})"><circle class="disc" r="15"/>{ICONS[kind]}</g>'
    below = subtitle(state)
    name = f'<text class="name" x="52" y="{middle + (-2 if below else 5):.1f}">{escape(_shown(state))}</text>'
    what = f'<text class="what" x="52" y="{middle + 15:.1f}">{escape(below)}</text>' if below else ""
    return f"{here}{tip}{frame}{icon}{name}{what}{inner}</g>"


def _shown(state: State) -> str:
    """The name without that of the state around it."""
    outer = state.scope.parent
    return state.name.removeprefix(f"{outer.name}.") if outer is not None else state.name


def _tip(state: State) -> str:
    comment = state.fields.get("Comment")
    return f"{state.name} ({state.type})" + (f": {comment}" if isinstance(comment, str) else "")


def _inside(state: State, box: Box, pictures: Mapping[str, Picture]) -> Iterator[str]:
    inner = [pictures[scope.pointer] for scope in state.scopes]
    total = sum(picture.width for picture in inner) + PADDING * (len(inner) - 1)
    x = (box.width - total) / 2
    for index, picture in enumerate(inner):
        if index:
            line = x - PADDING / 2
            yield f'<path class="divider" d="M{line:.1f} {HEADER + PADDING:.1f}V{box.height - PADDING:.1f}"/>'
        yield f'<g transform="translate({x:.1f} {HEADER + PADDING:.1f})">{picture.body}</g>'
        x += picture.width + PADDING


def _dots(layout: Layout) -> Iterator[str]:
    for key, names in ((START, "start"), (END, "end")):
        box = layout.boxes.get(key)
        if box is not None:
            middle = box.y + box.height / 2
            yield f'<circle class="{names}" cx="{box.x:.1f}" cy="{middle:.1f}" r="7"/>'
            if key == END:
                yield f'<circle class="ring" cx="{box.x:.1f}" cy="{middle:.1f}" r="10"/>'


def _head(name: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="10" markerHeight="10" '
        'markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        f'<path class="head {name}" d="M0 1L9 5L0 9z"/></marker>'
    )


def _page(asl: Definition, picture: Picture, title: str | None) -> str:
    comment = asl.root.fields.get("Comment")
    words = comment if isinstance(comment, str) else ""
    heading = title or ""
    top = MARGIN + (34 if heading else 0) + (24 if words else 0)
    wide = max(picture.width, text_width(heading, 24, bold=True), text_width(words, 13.5)) + 2 * MARGIN
    high = picture.height + top + MARGIN
    left = (wide - picture.width) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" '
        f'width="{wide:.0f}" height="{high:.0f}" role="img">',
        f"<title>{escape(heading or words or 'State machine')}</title><style>{STYLE}</style>",
        f"<defs>{''.join(_head(name) for name in ('next', 'error', 'taken'))}</defs>",
        f'<rect class="page" width="{wide:.0f}" height="{high:.0f}"/>',
    ]
    if heading:
        parts.append(f'<text class="heading" x="{wide / 2:.1f}" y="{MARGIN + 14:.1f}">{escape(heading)}</text>')
    if words:
        y = MARGIN + (38 if heading else 6)
        parts.append(f'<text class="comment" x="{wide / 2:.1f}" y="{y:.1f}">{escape(words)}</text>')
    parts.append(f'<g transform="translate({left:.1f} {top:.1f})">{picture.body}</g></svg>\n')
    return "".join(parts)
