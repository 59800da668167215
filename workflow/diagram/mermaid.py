"""A state machine as a Mermaid flowchart, which GitHub and most wikis can draw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, cast

from ..asl.definition import Definition, Scope, StateNode, parse
from .labels import printable, shorten, subtitle, transition_label

if TYPE_CHECKING:
    from ..interpreter import Run

_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "Choice": ("{{", "}}"),
    "Wait": ("([", "])"),
    "Pass": (">", "]"),
    "Succeed": ("([", "])"),
    "Fail": ("([", "])"),
}
_STYLES: Final = (
    "classDef Task fill:#eef2ff,stroke:#4f46e5,color:#1e1b4b",
    "classDef Choice fill:#fffbeb,stroke:#d97706,color:#451a03",
    "classDef Wait fill:#f0f9ff,stroke:#0284c7,color:#082f49",
    "classDef Pass fill:#f8fafc,stroke:#64748b,color:#0f172a",
    "classDef Succeed fill:#ecfdf5,stroke:#059669,color:#022c22",
    "classDef Fail fill:#fef2f2,stroke:#dc2626,color:#450a0a",
    "classDef taken stroke-width:4px",
)
_CODES: Final = {
    **{ord(char): f"#{ord(char)};" for char in "#%`*~\\$@|^"},
    **{ord(char): f"#{name};" for char, name in (("&", "amp"), ('"', "quot"), ("<", "lt"), (">", "gt"))},
    **dict.fromkeys(map(ord, "\n\r\t"), " "),
}
_LIST_MARKER: Final = re.compile(r"\A(\s*\d*)([.)+-])(?=\s)")


def mermaid(definition: object, *, taken: Iterable[str] | Run = ()) -> str:
    """Return the source of a flowchart; the states of a taken path (a run, or names) get a thick border."""
    asl = parse(definition)
    ids = {state.pointer: f"s{index}" for index, state in enumerate(asl.states())}
    lines = ["flowchart TD", *_body(asl, ids)]
    lines += [f"  {style}" for style in _STYLES]
    run_path = getattr(taken, "path", None)
    path = set(cast("Iterable[str]", taken if run_path is None else run_path))
    marked = [ids[state.pointer] for state in asl.states() if state.name in path]
    if marked:
        lines.append(f"  class {','.join(marked)} taken")
    return "\n".join(lines) + "\n"


def _body(asl: Definition, ids: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines for the states and their transitions, scope by scope; nested scopes become subgraphs."""
    stack: list[tuple[str, Scope | StateNode]] = [("scope", asl.root)]
    while stack:
        kind, item = stack.pop()
        if kind == "end":
            yield "  end"
        elif isinstance(item, Scope):
            yield from _start(item, ids)
            stack.extend(("state", state) for state in reversed(item.states))
        elif item.scopes:
            yield f'  subgraph {ids[item.pointer]}["{_text(item)}"]'
            yield from _transitions(item, ids)
            stack.append(("end", item))
            stack.extend(("scope", scope) for scope in reversed(item.scopes))
        else:
            opening, closing = _SHAPES.get(item.type, ("[", "]"))
            yield f'  {ids[item.pointer]}{opening}"{_text(item)}"{closing}'
            if item.type in _SHAPES or item.type == "Task":
                yield f"  class {ids[item.pointer]} {item.type}"
            yield from _transitions(item, ids)


def _start(scope: Scope, ids: Mapping[str, str]) -> Iterator[str]:
    start = scope.by_name.get(scope.start or "")
    if start is not None and scope.parent is None:
        yield f"  start(( )) --> {ids[start.pointer]}"


def _transitions(state: StateNode, ids: Mapping[str, str]) -> Iterator[str]:
    for transition in state.transitions:
        target = state.scope.by_name.get(transition.target)
        if target is not None:
            label = _escape(shorten(transition_label(transition)))
            line = "-.->" if transition.kind == "catch" else "-->"
            words = f'|"{label}"|' if label else ""
            yield f"  {ids[state.pointer]} {line}{words} {ids[target.pointer]}"


def _text(state: StateNode) -> str:
    below = subtitle(state)
    return (_escape(state.name) or " ") + (f"<br/><small>{_escape(below)}</small>" if below else "")


def _escape(text: str) -> str:
    """Return the text with the special characters of Mermaid, Markdown and HTML replaced by entity codes."""
    return _LIST_MARKER.sub(lambda marker: f"{marker[1]}#{ord(marker[2])};", printable(text).translate(_CODES))
