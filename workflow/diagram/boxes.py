"""The elements of a diagram before it is drawn: boxes, the lines between them, and their coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COLUMN_GAP: Final = 34.0
CORNER: Final = 22.0
"""The width at either end of a box where no line is attached."""
LINE_GAP: Final = 17.0
"""The gap between two neighbouring bends; all other neighbours keep COLUMN_GAP."""
_PULLS: Final[Mapping[str, float]] = {"next": 8.0, "catch": 1.0}
_PULL_OF_CHOICES: Final = 2.0


@dataclass(slots=True)
class StateBox:
    """A node of the layout: a state, the start or end mark, or a bend where a line passes a layer."""

    key: str
    width: float
    height: float
    x: float = 0.0
    """The x coordinate of the centre."""
    y: float = 0.0
    """The y coordinate of the upper edge."""
    layer: int = 0
    is_bend: bool = False
    """True for a bend of a line, with or without the line's label."""

    @property
    def left(self) -> float:
        """The x coordinate of the left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The x coordinate of the right edge."""
        return self.x + self.width / 2

    @property
    def reach(self) -> float:
        """The maximum distance from the centre at which a line may be attached."""
        return 0.0 if self.is_bend else max(self.width / 2 - CORNER, 0.0)

    def gap_to(self, right: StateBox) -> float:
        """Return the minimum distance between the centres of this box and its right neighbour."""
        return (self.width + right.width) / 2 + (LINE_GAP if self.is_bend and right.is_bend else COLUMN_GAP)


@dataclass(slots=True)
class Connector:
    """A line from box to box, with its bends from top to bottom."""

    source: str
    target: str
    kind: str = "next"
    """The kind of the first transition that it represents; catches never share a line with other transitions."""
    words: list[str] = field(default_factory=list[str])
    """The conditions of its transitions, without duplicates."""
    label_width: float = 0.0
    """The width of the label with its padding, or 0 without a label."""
    backwards: bool = False
    bends: list[StateBox] = field(default_factory=list[StateBox])
    label: StateBox | None = None
    """The bend that carries the label."""

    @property
    def pull(self) -> float:
        """The strength with which the line aligns its two states vertically: highest for `next`, lowest for `catch`."""
        return _PULLS.get(self.kind, _PULL_OF_CHOICES)


Neighbours = Mapping[str, "list[tuple[StateBox, float]]"]
"""The connected boxes in the layer above (or below) by box key, each with the pull of the connection."""


@dataclass(slots=True)
class Layout:
    """Boxes and lines with their coordinates, which start at the upper left corner."""

    boxes: dict[str, StateBox]
    lines: list[Connector]
    layers: list[list[StateBox]]
    tops: list[float]
    """The upper edge of each layer."""
    bottoms: list[float]
    """The lower edge of each layer."""
    labels: dict[int, list[StateBox]]
    """The labels in each label layer, by the layer's index."""
    width: float = 0.0
    height: float = 0.0
