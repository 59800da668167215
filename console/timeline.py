"""The timeline of an execution: a row for each visit, a bar for each attempt, idle time compressed.

Time is idle when no attempt runs: retry delays, Wait states, callbacks. An idle segment longer than a fixed share of
the busy time is drawn with that width and marked with its true length, so that 30 seconds of work are visible beside a
day of waiting.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Final

from .formats import format_duration
from .trace import ExecutionTrace, StateSpan

WIDTH: Final = 720
NAME_WIDTH: Final = 168
ROW: Final = 22
MAX_ROWS: Final = 120
_AXIS: Final = 20
_IDLE_SHARE: Final = 0.06
"""Width of a compressed idle stretch, as a share of the busy time."""
_SHORTEST: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSegment:
    """A segment of time and its width in the picture."""

    start: datetime
    end: datetime
    width: float
    is_compressed: bool = False

    @property
    def length(self) -> timedelta:
        """Its true length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeScale:
    """The positions of instants in the picture."""

    segments: tuple[TimeSegment, ...]

    def position_of(self, instant: datetime) -> float:
        """Return the position of an instant, from 0 to 1."""
        total = sum(segment.width for segment in self.segments) or 1.0
        offset = 0.0
        for segment in self.segments:
            if instant <= segment.end:
                part = (instant - segment.start) / segment.length if segment.length else 0.0
                return (offset + max(0.0, part) * segment.width) / total
            offset += segment.width
        return 1.0


def time_scale(trace: ExecutionTrace) -> TimeScale:
    """Return the scale of an execution, with its idle segments compressed."""
    busy = list(_merge(_busy_intervals(trace)))
    busy_time = sum((end - start for start, end in busy), timedelta()) or _SHORTEST
    max_idle = busy_time * _IDLE_SHARE
    segments: list[TimeSegment] = []
    at = trace.started_at
    for start, end in [*busy, (trace.end, trace.end)]:
        if start > at:
            idle = start - at
            width = min(idle, max_idle).total_seconds()
            segments.append(TimeSegment(start=at, end=start, width=width, is_compressed=idle > max_idle))
        if end > start:
            segments.append(TimeSegment(start=max(start, at), end=end, width=(end - max(start, at)).total_seconds()))
        at = max(at, end)
    return TimeScale(segments=tuple(segments))


def draw_timeline(trace: ExecutionTrace) -> str:
    """Return the picture as inline SVG; empty for an execution without known times."""
    shown = trace.spans[:MAX_ROWS]
    if not shown or not trace.duration:
        return ""
    scale, height = time_scale(trace), _AXIS + ROW * len(shown) + 4
    rows = "".join(_row(span, number, scale, trace.end) for number, span in enumerate(shown))
    label = escape(f"Timeline of {trace.name}: {len(trace.spans)} states in {format_duration(trace.duration)}")
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">'
        f"{''.join(_breaks(scale, height))}{rows}</svg>"
    )


def _busy_intervals(trace: ExecutionTrace) -> Iterator[tuple[datetime, datetime]]:
    for span in trace.spans:
        if span.attempts:
            yield from ((each.started_at, each.ended_at or trace.end) for each in span.attempts)
        elif span.type not in ("Wait", "Map", "Parallel"):
            yield span.entered_at, span.left_at or span.entered_at


def _merge(intervals: Iterator[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    current: tuple[datetime, datetime] | None = None
    for start, end in sorted(intervals):
        if current is None or start > current[1]:
            if current:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current:
        yield current


def _breaks(scale: TimeScale, height: int) -> Iterator[str]:
    """Mark each compressed segment with its true length."""
    for segment in scale.segments:
        if segment.is_compressed:
            x, end = _x(scale, segment.start), _x(scale, segment.end)
            yield f'<rect class="idle" x="{x:.1f}" y="{_AXIS - 4}" width="{end - x:.1f}" height="{height - _AXIS}"/>'
            yield f'<text class="gap" x="{(x + end) / 2:.1f}" y="11">{format_duration(segment.length)}</text>'


def _row(span: StateSpan, number: int, scale: TimeScale, end: datetime) -> str:
    y = _AXIS + number * ROW
    name = escape(f"{'· ' * span.depth}{span.state}"[:26])
    start, left = _x(scale, span.entered_at), _x(scale, span.left_at or end)
    parts = [f'<text class="row" x="0" y="{y + 13}">{name}</text>']
    parts.append(f'<rect class="visit" x="{start:.1f}" y="{y + 8}" width="{max(left - start, 2):.1f}" height="3"/>')
    parts += [_bar(scale, y, each.started_at, each.ended_at or end, bool(each.error)) for each in span.attempts]
    if span.tries and not span.attempts:
        parts.append(_bar(scale, y, span.entered_at, span.left_at or end, bool(span.error)))
    elif not span.attempts:
        parts.append(f'<circle class="{"bad" if span.error else "dot"}" cx="{start:.1f}" cy="{y + 9.5}" r="4"/>')
    return "".join(parts)


def _bar(scale: TimeScale, y: int, start: datetime, end: datetime, failed: bool) -> str:
    x, width = _x(scale, start), max(_x(scale, end) - _x(scale, start), 3)
    tip = f"<title>{format_duration(end - start)}{', failed' if failed else ''}</title>"
    kind = "bad" if failed else "work"
    return f'<rect class="{kind}" x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="13" rx="3">{tip}</rect>'


def _x(scale: TimeScale, instant: datetime) -> float:
    return NAME_WIDTH + scale.position_of(instant) * (WIDTH - NAME_WIDTH - 8)
