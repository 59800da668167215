"""A state machine as an SVG diagram: cards for states, frames for nested scopes, dashed arrows for errors.

The SVG has no scripts or external fonts, follows the reader's light or dark colour scheme, and can highlight a path.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, cast

from ..asl.definition import Definition, Scope, StateNode, parse
from .boxes import Connector, Layout, StateBox
from .labels import printable, shorten, subtitle, transition_label
from .layout import arrange
from .routes import curve, routes_of
from .theme import COLOURS, ICONS, STYLE, text_width

if TYPE_CHECKING:
    from ..interpreter import Run

START: Final = "\1start"
END: Final = "\1end"
CARD_HEIGHT: Final = 54.0
GAP: Final = 44.0
LABEL_HEIGHT: Final = 20.0
LABEL_PADDING: Final = 8.0
MARGIN: Final = 40.0
HEADER: Final = 40.0
PADDING: Final = 22.0

Steps = frozenset[tuple[str, str, bool]]
"""The steps of a path: source, target, and true if the transition is a catch."""


@dataclass(slots=True)
class Picture:
    """The SVG elements of a scope, and its size."""

    width: float
    height: float
    body: str


def svg(definition: object, *, taken: Iterable[str] | Run = (), title: str | None = None) -> str:
    """Return a diagram as SVG; with a taken path (a run, or names of states), everything else is dimmed."""
    asl = parse(definition)
    path, steps = _path_and_steps(asl, taken)
    pictures: dict[str, Picture] = {}
    for scope in reversed(list(asl.scopes())):
        has_taken_state = not scope.depth or any(state.name in path for state in scope.states)
        pictures[scope.pointer] = _scope(scope, pictures, path if has_taken_state else frozenset(), steps)
    return _page(asl, pictures[""], title)


def _path_and_steps(asl: Definition, taken: Iterable[str] | Run) -> tuple[frozenset[str], Steps]:
    """Return the states and steps of a path; between names, a catch is assumed only if no other transition fits."""
    visits = getattr(taken, "visits", None)
    if visits is not None:
        seen = cast("Run", taken).visits
        transitions = [visit.transition for visit in seen if visit.transition is not None]
        steps = frozenset((each.source, each.target, each.kind == "catch") for each in transitions)
        return frozenset(visit.state for visit in seen), steps
    path = tuple(cast("Iterable[str]", taken))
    plain = {
        (transition.source, transition.target)
        for state in asl.states()
        for transition in state.transitions
        if transition.kind != "catch"
    }
    names_by_scope = ([name for name in path if name in scope.by_name] for scope in asl.scopes())
    pairs = (pair for names in names_by_scope for pair in itertools.pairwise(names))
    return frozenset(path), frozenset((*pair, pair not in plain) for pair in pairs)


def _scope(scope: Scope, pictures: Mapping[str, Picture], taken: frozenset[str], steps: Steps) -> Picture:
    boxes = [StateBox(START, 16, 16), *(_box(state, pictures) for state in scope.states)]
    lines = list(_lines(scope))
    if any(line.target == END for line in lines):
        boxes.append(StateBox(END, 18, 18))
    layout = arrange(boxes, lines, START, gap=GAP, label_height=LABEL_HEIGHT)
    nodes = (_node(state, layout.boxes[state.name], pictures, taken) for state in scope.states)
    body = "".join([*_draw_lines(layout, taken, steps), *nodes, *_dots(layout)])
    return Picture(layout.width, layout.height, body)


def _box(state: StateNode, pictures: Mapping[str, Picture]) -> StateBox:
    inner = [pictures[scope.pointer] for scope in state.scopes]
    title = max(text_width(_short_name(state), 14, bold=True), text_width(subtitle(state), 11.5)) + 66
    if not inner:
        return StateBox(state.name, max(title, 132.0), CARD_HEIGHT)
    width = sum(picture.width for picture in inner) + PADDING * (len(inner) + 1)
    return StateBox(state.name, max(width, title), max(picture.height for picture in inner) + HEADER + 2 * PADDING)


def _lines(scope: Scope) -> Iterator[Connector]:
    if scope.start in scope.by_name:
        yield Connector(START, scope.start or "")
    for state in scope.states:
        lines: dict[tuple[str, bool], Connector] = {}
        for transition in state.transitions:
            if transition.target in scope.by_name:
                line = lines.setdefault(
                    (transition.target, transition.kind == "catch"),
                    Connector(state.name, transition.target, transition.kind),
                )
                line.words += [word for word in [transition_label(transition)] if word and word not in line.words]
        for line in lines.values():
            if line.words:
                line.label_width = text_width(_short(line), 11.5) + 2 * LABEL_PADDING
            yield line
        if state.fields.get("End") is True:
            yield Connector(state.name, END)


def _short(line: Connector) -> str:
    return shorten(" / ".join(shorten(word) for word in line.words), 46)


def _draw_lines(layout: Layout, taken: frozenset[str], steps: Steps) -> Iterator[str]:
    routes = routes_of(layout)
    for line in layout.lines:
        names = _classes(line, taken, steps)
        loops = line.source == line.target
        path_data = _loop(layout.boxes[line.source]) if loops else curve(routes[id(line)])
        marker = "marker-start" if line.backwards else "marker-end"
        head = "taken" if "taken" in names else "error" if line.kind == "catch" else "next"
        yield f'<path class="{names}" d="{path_data}" {marker}="url(#{head})">{_line_tip(line)}</path>'
    yield from (_label(line, line.label, _classes(line, taken, steps)) for line in layout.lines if line.label)


def _label(line: Connector, box: StateBox, names: str) -> str:
    return (
        f'<g class="{names.replace("line", "label", 1)}">{_line_tip(line)}<rect x="{box.left:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{box.height / 2:.1f}"/>'
        f'<text x="{box.x:.1f}" y="{box.y + box.height / 2 + 4:.1f}">{_escape(_short(line))}</text></g>'
    )


def _line_tip(line: Connector) -> str:
    """Return a line's tooltip: its source, its target and all its conditions, not shortened."""
    if line.source == START or line.target == END:
        return ""
    when = f": {' / '.join(line.words)}" if line.words else ""
    return f"<title>{_escape(f'{line.source} → {line.target}{when}')}</title>"


def _escape(text: str) -> str:
    """Return the text escaped for XML."""
    return escape(printable(text))


def _classes(line: Connector, taken: frozenset[str], steps: Steps) -> str:
    names = ["line", "error" if line.kind == "catch" else "next"]
    first, last = line.source == START and line.target in taken, line.target == END and line.source in taken
    if taken and ((line.source, line.target, line.kind == "catch") in steps or first or last):
        names.append("taken")
    elif taken:
        names.append("dim")
    return " ".join(names)


def _loop(box: StateBox) -> str:
    return f"M{box.right:.1f} {box.y + box.height / 2 - 10:.1f}c34 -14 34 34 0 20"


def _node(state: StateNode, box: StateBox, pictures: Mapping[str, Picture], taken: frozenset[str]) -> str:
    kind = state.type if state.type in COLOURS else "Task"
    faded = " dim" if taken and state.name not in taken else ""
    names = f"state {kind}{' taken' if state.name in taken else ''}{faded}"
    opening = f'<g class="{names}" transform="translate({box.left:.1f} {box.y:.1f})">'
    tip = f"<title>{_escape(_tip(state))}</title>"
    inner = "".join(_inside(state, box, pictures))
    frame = f'<rect class="{"frame" if inner else "card"}" width="{box.width:.1f}" height="{box.height:.1f}" rx="12"/>'
    middle = HEADER / 2 + 7 if inner else box.height / 2
    icon = f'<g transform="translate(27 {middle:.1f})"><circle class="disc" r="15"/>{ICONS[kind]}</g>'
    below = subtitle(state)
    baseline = middle + (-2 if below else 5)
    name = f'<text class="name" x="52" y="{baseline:.1f}">{_escape(_short_name(state))}</text>'
    what = f'<text class="what" x="52" y="{middle + 15:.1f}">{_escape(below)}</text>' if below else ""
    return f"{opening}{tip}{frame}{icon}{name}{what}{inner}</g>"


def _short_name(state: StateNode) -> str:
    """Return the name of a state without its prefix, the name of the enclosing state."""
    outer = state.scope.parent
    return state.name.removeprefix(f"{outer.name}.") if outer is not None else state.name


def _tip(state: StateNode) -> str:
    comment = state.fields.get("Comment")
    return f"{state.name} ({state.type})" + (f": {comment}" if isinstance(comment, str) else "")


def _inside(state: StateNode, box: StateBox, pictures: Mapping[str, Picture]) -> Iterator[str]:
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
    width = max(picture.width, text_width(heading, 24, bold=True), text_width(words, 13.5)) + 2 * MARGIN
    height = picture.height + top + MARGIN
    left = (width - picture.width) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img">',
        f"<title>{_escape(heading or words or 'State machine')}</title><style>{STYLE}</style>",
        f"<defs>{''.join(_head(name) for name in ('next', 'error', 'taken'))}</defs>",
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}"/>',
    ]
    if heading:
        parts.append(f'<text class="heading" x="{MARGIN:.0f}" y="{MARGIN + 14:.1f}">{_escape(heading)}</text>')
    if words:
        y = MARGIN + (38 if heading else 6)
        parts.append(f'<text class="comment" x="{MARGIN:.0f}" y="{y:.1f}">{_escape(words)}</text>')
    parts.append(f'<g transform="translate({left:.1f} {top:.1f})">{picture.body}</g></svg>\n')
    return "".join(parts)
