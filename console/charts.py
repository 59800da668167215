"""Plots as inline SVG; the tables below them have their figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 900
_HEIGHT: Final = 180
_LEFT: Final = 96
_BAR: Final = 22
_NAMES: Final = 210


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMoney:
    """Money in and out on one day, in minor units, with labels."""

    day: str
    money_in: int
    money_out: int
    label_in: str
    label_out: str


def draw_money(days: Sequence[DayMoney], title: str) -> str:
    """Draw money in upwards and money out downwards, one pair of bars a day."""
    highest = max((each.money_in for each in days), default=0)
    lowest = max((each.money_out for each in days), default=0)
    span = (highest + lowest) or 1
    scale = (_HEIGHT - 48) / span
    base = 14 + highest * scale
    step = (WIDTH - _LEFT) / max(len(days), 1)
    bars = "".join(_day_bars(each, _LEFT + index * step, step, base, scale) for index, each in enumerate(days))
    axis = f'<path class="axis" d="M{_LEFT} {base:.1f}H{WIDTH}"/>'
    return _svg(WIDTH, _HEIGHT, title, f"{axis}{_scale_labels(days, base, scale)}{bars}{_day_names(days, step)}")


def draw_counts(counts: Mapping[str, int], title: str) -> str:
    """Draw horizontal bars, the largest first."""
    largest = max(counts.values(), default=1)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = "".join(_count_bar(name, count, index, largest) for index, (name, count) in enumerate(ordered))
    return _svg(WIDTH, _BAR * len(ordered) + 6, title, rows)


def _day_bars(each: DayMoney, x: float, step: float, base: float, scale: float) -> str:
    width, gap = max(step * 0.7, 1.0), step * 0.15
    height_in, height_out = each.money_in * scale, each.money_out * scale
    return (
        f'<rect class="in" x="{x + gap:.1f}" y="{base - height_in:.1f}" width="{width:.1f}" height="{height_in:.1f}">'
        f"<title>{escape(f'{each.day}: {each.label_in} in')}</title></rect>"
        f'<rect class="out" x="{x + gap:.1f}" y="{base:.1f}" width="{width:.1f}" height="{height_out:.1f}">'
        f"<title>{escape(f'{each.day}: {each.label_out} out')}</title></rect>"
    )


def _scale_labels(days: Sequence[DayMoney], base: float, scale: float) -> str:
    if not days:
        return ""
    max_inflow, max_outflow = max(days, key=lambda day: day.money_in), max(days, key=lambda day: day.money_out)
    y_in = base - max_inflow.money_in * scale + 10
    y_out = max(base + max_outflow.money_out * scale, base + 12)
    label_in = f'<text class="value" x="0" y="{y_in:.1f}">{escape(max_inflow.label_in)}</text>'
    if max_outflow.money_out <= 0:
        return label_in
    return f'{label_in}<text class="value" x="0" y="{y_out:.1f}">−{escape(max_outflow.label_out)}</text>'


def _day_names(days: Sequence[DayMoney], step: float) -> str:
    """Name at most about ten days, so that the names do not overlap."""
    step_days = max(1, -(-len(days) // 10))
    indices = range(0, len(days), step_days)
    return "".join(
        f'<text x="{_LEFT + index * step + step * 0.15:.1f}" y="{_HEIGHT - 6}">{escape(days[index].day)}</text>'
        for index in indices
    )


def _count_bar(name: str, count: int, index: int, largest: int) -> str:
    y, width = index * _BAR + 4, (WIDTH - _NAMES - 60) * count / largest
    return (
        f'<text class="value" x="0" y="{y + 13}">{escape(name)}</text>'
        f'<rect class="in" x="{_NAMES}" y="{y + 2}" width="{width:.1f}" height="14" rx="2"/>'
        f'<text class="value" x="{_NAMES + width + 8:.1f}" y="{y + 13}">{count}</text>'
    )


def _svg(width: int, height: int, title: str, body: str) -> str:
    return f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">{body}</svg>'
