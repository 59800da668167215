"""The colours, icons and text widths of the SVG diagram."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

COLOURS: Final[Mapping[str, str]] = {
    "Task": "#4f46e5",
    "Choice": "#d97706",
    "Wait": "#0284c7",
    "Pass": "#64748b",
    "Parallel": "#7c3aed",
    "Map": "#0d9488",
    "Succeed": "#059669",
    "Fail": "#dc2626",
}
ICONS: Final[Mapping[str, str]] = {
    "Task": '<path class="icon fill" d="M2-9L-6 2H-1L-2 9L6-2H1z"/>',
    "Choice": '<path class="icon" d="M0-7L7 0L0 7L-7 0z"/>',
    "Wait": '<circle class="icon" r="7"/><path class="icon" d="M0-4V0L3 2"/>',
    "Pass": '<path class="icon" d="M-6 0H6M2-4L6 0L2 4"/>',
    "Parallel": '<path class="icon" d="M-5-6V6M0-6V6M5-6V6"/>',
    "Map": '<path class="icon" d="M-6-5H6M-6 0H6M-6 5H6"/>',
    "Succeed": '<path class="icon" d="M-6 0L-2 5L6-5"/>',
    "Fail": '<path class="icon" d="M-5-5L5 5M5-5L-5 5"/>',
}
_SCHEME: Final = (
    ".page,.label rect{{fill:{page}}}.heading,.name{{fill:{ink}}}.comment,.what,.label text{{fill:{soft}}}"
    ".card{{fill:{card}}}.frame{{fill:{frame}}}.card,.frame,.divider,.label rect{{stroke:{edge}}}"
    ".line{{stroke:{line}}}.head{{fill:{line}}}.line.error{{stroke:{error}}}"
    ".head.error,.label.error text{{fill:{error}}}"
    ".start,.end{{fill:{ink}}}.ring{{stroke:{ink}}}"
    ".line.taken,.state.taken>.card,.state.taken>.frame{{stroke:{taken}}}.label.taken text,.head.taken{{fill:{taken}}}"
)
_LIGHT: Final = {
    "page": "#fbfbfd", "card": "#ffffff", "frame": "#f4f5fa", "edge": "#dfe3ec", "ink": "#111827",
    "soft": "#667085", "line": "#8b98ad", "error": "#e11d48", "taken": "#2563eb",
}  # fmt: skip
_DARK: Final = {
    "page": "#0b1020", "card": "#161d33", "frame": "#11182b", "edge": "#2b3453", "ink": "#f1f5f9",
    "soft": "#9aa8bf", "line": "#66748f", "error": "#fb7185", "taken": "#60a5fa",
}  # fmt: skip

STYLE: Final = (
    "svg{font-family:Inter,'Segoe UI','Helvetica Neue',Arial,sans-serif}"
    ".heading{font-size:24px;font-weight:700}.comment{font-size:13.5px}"
    ".card,.frame{stroke-width:1.5}.divider{stroke-width:1.5;stroke-dasharray:3 5}"
    ".name{font-size:14px;font-weight:600}.what{font-size:11.5px}"
    ".icon{fill:none;stroke:#fff;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}"
    ".icon.fill{fill:#fff;stroke:none}"
    ".line{fill:none;stroke-width:1.8}.line.error{stroke-dasharray:5 4}"
    ".label rect{stroke-width:1;stroke-dasharray:none}.label text{font-size:11.5px;stroke:none;text-anchor:middle}"
    ".ring{fill:none;stroke-width:1.5}"
    ".dim:not(.label),.label.dim text{opacity:.28}.label.dim rect{stroke-opacity:.28}"
    ".line.taken{stroke-width:3.2}.label.taken text{font-weight:600}"
    ".state.taken>.card,.state.taken>.frame{stroke-width:2.5}"
    + _SCHEME.format(**_LIGHT)
    + "".join(f".{kind}>g>.disc{{fill:{colour}}}" for kind, colour in COLOURS.items())
    + f"@media(prefers-color-scheme:dark){{{_SCHEME.format(**_DARK)}}}"
)

_NARROW: Final = frozenset("iIljtf.,:;|'!()[]{} ")
_WIDE: Final = frozenset("mwMW@%—…→↻")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the approximate width of a string in a common sans-serif font, too large rather than too small."""
    return sum(map(_units, text)) * size * (1.12 if bold else 1.0)


def _units(char: str) -> float:
    """Return a character's width relative to the font size: 1 for wide East Asian ones, 0 for combining marks."""
    if char in _NARROW:
        return 0.36
    if char.isascii():
        return 0.95 if char in _WIDE else 0.7 if char.isupper() else 0.61
    if unicodedata.combining(char):
        return 0.0
    wide = char in _WIDE or unicodedata.east_asian_width(char) in "WF"
    return 1.0 if wide else 0.7
