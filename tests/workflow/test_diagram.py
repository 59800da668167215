"""Diagrams of state machines: no shapes overlap, and everything can be read in full, whatever the names are."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given

from tests.workflow.strategies import workflows
from workflow import Workflow
from workflow.diagram import mermaid, svg
from workflow.diagram.routes import curve

WorkflowClass = type[Workflow[Any, Any]]
SVG = "{http://www.w3.org/2000/svg}"


class Area(NamedTuple):
    """The rectangle of a card or a label."""

    title: str
    left: float
    top: float
    right: float
    bottom: float

    def covers(self, x: float, y: float) -> bool:
        """Return whether a point is well inside."""
        return self.left + 0.5 < x < self.right - 0.5 and self.top + 0.5 < y < self.bottom - 0.5

    def overlaps(self, other: Area) -> bool:
        """Return whether the rectangles share more than an edge."""
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > 0.2 and min(self.bottom, other.bottom) - max(self.top, other.top) > 0.2


def area(group: ET.Element) -> Area:
    box = group.find(f"{SVG}rect")
    assert box is not None
    shift = re.fullmatch(r"translate\((\S+) (\S+)\)", group.get("transform", "translate(0 0)"))
    assert shift
    left, top = (float(shift[1]) + float(box.get("x", 0))), (float(shift[2]) + float(box.get("y", 0)))
    return Area(
        group.findtext(f"{SVG}title", ""),
        left,
        top,
        left + float(box.attrib["width"]),
        top + float(box.attrib["height"]),
    )


def drawn_scopes(picture: ET.Element) -> Iterator[tuple[list[Area], list[ET.Element]]]:
    """Yield the cards and labels of each scope, and its lines, in the scope's coordinates."""
    for group in picture.iter(f"{SVG}g"):
        kinds = [(child, (child.get("class") or "").split()) for child in group]
        lines = [child for child, names in kinds if "line" in names]
        if lines:
            yield [area(child) for child, names in kinds if {"label", "state"} & set(names)], lines


def points(line: ET.Element) -> Iterator[tuple[float, float]]:
    """Yield points on an SVG path, eleven for each of its segments."""
    pieces = [
        [float(number) for number in re.findall(r"-?[\d.]+", piece)]
        for piece in re.findall(r"[MLC][^MLC]+", line.attrib["d"])
    ]
    for before, piece in itertools.pairwise(pieces):
        (x0, y0), (x3, y3) = before[-2:], piece[-2:]
        x1, y1, x2, y2 = piece[:4] if len(piece) == 6 else (x0, y0, x3, y3)
        for step in range(1, 12):
            t = step / 12
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            yield (
                sum(weight * x for weight, x in zip(weights, (x0, x1, x2, x3), strict=True)),
                sum(weight * y for weight, y in zip(weights, (y0, y1, y2, y3), strict=True)),
            )


def overlaps_in(text: str) -> list[str]:
    """Return a message for each pair of shapes that overlap."""
    found: list[str] = []
    for areas, lines in drawn_scopes(ET.fromstring(text)):
        found += [
            f"{one.title!r} and {other.title!r} overlap"
            for one, other in itertools.combinations(areas, 2)
            if one.overlaps(other)
        ]
        for line in lines:
            title = line.findtext(f"{SVG}title", "")
            passed = list(points(line))
            found += [
                f"{title!r} runs across {other.title!r}"
                for other in areas
                if other.title != title and any(other.covers(*point) for point in passed)
            ]
    return found


@given(workflow=workflows())
def test_shapes_never_overlap(workflow: WorkflowClass) -> None:
    """No card or label overlaps another, and no line crosses a card or another line's label."""
    assert overlaps_in(svg(workflow.asl())) == []


def machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def machine_with_long_labels(branches: int) -> dict[str, Any]:
    """Return a machine with a Choice of many rules with long labels, and one catcher target for all errors."""
    rules = [
        {"Variable": "$.customer.preferences.language", "StringEquals": f"variety {n} of it", "Next": f"S{n}"}
        for n in range(branches)
    ]
    failing = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}], "Next": "Done"}
    tasks = {
        f"S{n}": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", **failing} for n in range(branches)
    }
    return machine(
        Which={"Type": "Choice", "Choices": rules, "Default": "Lost"},
        **tasks,
        Lost={"Type": "Fail"},
        Done={"Type": "Succeed"},
    )


@pytest.mark.parametrize("branches", [1, 2, 5, 12])
def test_edge_labels_never_overlap(branches: int) -> None:
    """However many labels there are, none overlaps another label or a line."""
    assert overlaps_in(svg(machine_with_long_labels(branches))) == []


def test_a_shortened_condition_is_shown_in_full_as_a_tooltip() -> None:
    """A condition that is too long for its label is the tooltip of its line."""
    condition = " or ".join(f"$states.input.colour = 'shade {n}'" for n in range(9))
    asl = machine(
        Pick={"Type": "Choice", "Choices": [{"Condition": f"{{% {condition} %}}", "Next": "End"}]},
        End={"Type": "Succeed"},
    )
    asl["QueryLanguage"] = "JSONata"
    picture = ET.fromstring(svg(asl))
    tips = [line.findtext(f"{SVG}title", "") for line in picture.iter(f"{SVG}path")]
    assert f"Pick → End: {condition.replace('$states.input.', '')}" in tips


def test_a_task_that_catches_itself_has_an_error_loop() -> None:
    again = {"Catch": [{"ErrorEquals": ["Busy"], "Next": "Work"}], "End": True}
    picture = ET.fromstring(
        svg(machine(Work={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", **again}))
    )
    (loop,) = (path for path in picture.iter(f"{SVG}path") if path.get("class") == "line error")
    assert (loop.findtext(f"{SVG}title"), loop.get("marker-end")) == ("Work → Work: on Busy", "url(#error)")


def test_a_concatenated_error_is_shown_as_one_string() -> None:
    """Its variable parts are shown as placeholders."""
    failed = {"Type": "Fail", "QueryLanguage": "JSONata", "Error": '{% "Booking." & $states.input.outcome.status %}'}
    assert "Booking.{outcome.status}" in svg(machine(Failed=failed))


def test_characters_that_xml_forbids_are_replaced() -> None:
    """Control characters and lone surrogates become the replacement character."""
    text = svg(machine(**{"a\x01\ud800b": {"Type": "Succeed"}}), title="\x00")
    assert "a\ufffd\ufffdb" in "".join(ET.fromstring(text).itertext())
    assert text.encode()


@pytest.mark.parametrize("towards", [(0, 100), (100, 100), (-300, 40)])
def test_a_curve_never_overshoots_its_ends(towards: tuple[float, float]) -> None:
    """Through a bend, the x coordinates only increase or only decrease."""
    x, y = towards
    path_data = curve([(0, 0), (x * 0.8, y / 2), (x, y)])
    across = [point for point, _ in points(ET.Element("path", d=path_data))]
    assert across == sorted(across, reverse=x < 0)


def test_nested_states_are_dimmed_only_if_the_path_enters_them() -> None:
    """The path enters a Map if it names a state in it."""
    inner = machine(Look={"Type": "Pass", "Next": "Keep"}, Keep={"Type": "Pass", "End": True})
    asl = machine(Each={"Type": "Map", "ItemProcessor": inner, "Next": "Done"}, Done={"Type": "Succeed"})
    dimmed = [
        {group.findtext(f"{SVG}title") for group in ET.fromstring(svg(asl, taken=names)).iter() if is_dim(group)}
        for names in (["Each", "Done"], ["Each", "Look", "Done"])
    ]
    assert dimmed == [set(), {"Look → Keep", "Keep (Pass)", None}]


def is_dim(element: ET.Element) -> bool:
    return "dim" in (element.get("class") or "").split()


def card_middles(text: str) -> dict[str, float]:
    """Return the horizontal positions of the cards of the outermost scope, by name."""
    (areas, _), *_ = reversed(list(drawn_scopes(ET.fromstring(text))))
    return {one.title: (one.left + one.right) / 2 for one in areas}


def test_the_main_path_is_vertical() -> None:
    """States that follow one another are aligned vertically, whatever leaves them sideways."""
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}]}
    tasks = {
        f"S{n}": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": f"S{n + 1}", **caught}
        for n in range(6)
    }
    text = svg(machine(**tasks, S6={"Type": "Succeed"}, Lost={"Type": "Fail"}))
    middles = card_middles(text)
    spine = {round(middles[f"S{n} (Task)"], 1) for n in range(6)} | {round(middles["S6 (Succeed)"], 1)}
    assert len(spine) == 1
    assert overlaps_in(text) == []


def test_a_line_past_many_states_has_at_most_two_curves() -> None:
    """The line has at most two curves: one where it leaves and one where it arrives."""
    skip = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Z"}], "Default": "S0"}
    chain = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}" if n < 8 else "Z"} for n in range(9)}
    picture = ET.fromstring(svg(machine(A=skip, **chain, Z={"Type": "Succeed"})))
    (line,) = (path for path in picture.iter(f"{SVG}path") if path.findtext(f"{SVG}title", "").startswith("A → Z"))
    assert line.attrib["d"].count("C") <= 2


def test_a_back_arrow_avoids_crossing_other_lines() -> None:
    """The layout tries initial orders with lines on either side of the states."""
    states = {
        "Work": {"Type": "Pass", "Next": "Check"},
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.ok", "IsNull": True, "Next": "Redo"}],
            "Default": "Fine",
        },
        "Redo": {"Type": "Pass", "Next": "Work"},
        "Fine": {"Type": "Succeed"},
    }
    picture = ET.fromstring(svg(machine(**states)))
    titled_paths = {
        path.findtext(f"{SVG}title"): path for path in picture.iter(f"{SVG}path") if path.findtext(f"{SVG}title")
    }
    back = [x for x, _ in points(titled_paths["Redo → Work"])]
    out = [x for x, _ in points(titled_paths["Check → Fine: otherwise"])]
    assert max(back) < min(out)


@pytest.mark.parametrize(
    "name", ["确认订单并发送通知给客户", "ＦＵＬＬＷＩＤＴＨ", "주문을 확인하고 알림을 보냅니다", "🎉🎉🎉🎉🎉🎉🎉🎉"]
)
def test_cards_are_wide_enough_for_full_width_characters(name: str) -> None:
    """A card is wide enough for its name at one em per wide character."""
    picture = ET.fromstring(svg(machine(**{name: {"Type": "Succeed"}})))
    (card,) = (rect for rect in picture.iter(f"{SVG}rect") if rect.get("class") == "card")
    full = sum(14 for char in name if char != " ")
    assert float(card.attrib["width"]) >= 52 + full


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("", " "),
        ("%%{init: {}}%%", "#37;#37;{init: {}}#37;#37;"),
        ("`a`", "#96;a#96;"),
        ("#quot;", "#35;quot;"),
        ("1. First", "1#46; First"),
        ("- item", "#45; item"),
        ("a\nb", "a b"),
        ("<b>&\x01\ud800", "#lt;b#gt;#amp;\ufffd\ufffd"),
        ("Version 1.2 of purchase_fn", "Version 1.2 of purchase_fn"),
    ],
)
def test_mermaid_shows_any_name_literally(name: str, label: str) -> None:
    """Directives, Markdown, codes and HTML in a name have no effect, and no label is empty."""
    text = mermaid(machine(**{name: {"Type": "Succeed"}}))
    assert f'(["{label}"])' in text
    assert text.encode()
