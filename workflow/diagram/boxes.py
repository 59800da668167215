"""Parts of a picture before it is drawn: boxes, the lines between them, and their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COLUMN_GAP: Final = 34.0
CORNER: Final = 22.0
"""The width that lines leave free at either end of a box."""
LINE_GAP: Final = 17.0
"""Between two neighbours of which one at least is a line."""
_PULLS: Final[Mapping[str, float]] = {"next": 8.0, "catch": 1.0}
_PULL_OF_CHOICES: Final = 2.0


@dataclass(slots=True)
class StateBox:
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
    """True if this is where a line passes a layer, with or without its label."""

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
        """Return how far from the centre lines may arrive."""
        return 0.0 if self.is_bend else max(self.width / 2 - CORNER, 0.0)

    def gap_to(self, right: StateBox) -> float:
        """Return how far its centre stays from that of its right neighbour."""
        return (self.width + right.width) / 2 + (LINE_GAP if self.is_bend and right.is_bend else COLUMN_GAP)


@dataclass(slots=True)
class Connector:
    """An arrow, from box to box, and the bends between them from top to bottom."""

    source: str
    target: str
    kind: str = "next"
    """As of the arrows it stands for: all of one kind, between the same two states."""
    words: list[str] = field(default_factory=list[str])
    """The condition of each of its arrows."""
    label_width: float = 0.0
    """The label's, with its margins; 0 if there is none."""
    backwards: bool = False
    bends: list[StateBox] = field(default_factory=list[StateBox])
    label: StateBox | None = None
    """The bend that carries the label."""

    @property
    def pull(self) -> float:
        """Return how much it draws its two states below one another: the plain way on most, errors least."""
        return _PULLS.get(self.kind, _PULL_OF_CHOICES)


Neighbours = Mapping[str, "list[tuple[StateBox, float]]"]
"""By a box's key, the boxes that it is joined to in the layer above or below, and how strongly."""


@dataclass(slots=True)
class Layout:
    """Boxes and lines in place; x and y count from the upper left corner."""

    boxes: dict[str, StateBox]
    lines: list[Connector]
    layers: list[list[StateBox]]
    tops: list[float]
    """Upper edge of each layer."""
    bottoms: list[float]
    """Lower edge of each layer."""
    labels: dict[int, list[StateBox]]
    """The contents of the layers of labels."""
    width: float = 0.0
    height: float = 0.0
