"""Render the templates: always escaped, with one style sheet, readable without scripts."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .formats import format_duration, format_json, format_timestamp, parse_timestamp
from .redaction import redact, redact_text
from .timeline import draw_timeline
from .trace import ExecutionTrace

FOLDER: Final = Path(__file__).parent
MAX_REPORT_BYTES: Final = 150_000
_LEVELS: Final = ((6_000, 20), (2_000, 20), (800, 20), (300, 12), (0, 8), (0, 2))
"""Limits (characters of a value, executions with states) that are tried in this order until a report fits."""


def render(template: str, **values: Any) -> str:
    """Render a page of the console, which links to its style and script."""
    return _environment().get_template(template).render(values)


def render_report(template: str, **values: Any) -> str:
    """Render a self-contained page of at most 150 KB: long values are cut first, then the states of old executions."""
    css = (FOLDER / "static" / "style.css").read_text("utf-8")
    page = ""
    for limit, detailed in _LEVELS:
        shown = {"inline_css": Markup(css), "value_limit": limit, "detailed": detailed}  # noqa: S704  # our own sheet
        page = render(template, **shown, **values)
        if len(page.encode()) <= MAX_REPORT_BYTES:
            break
    return page


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "money": money,
        "when": when,
        "clock_time": clock_time,
        "duration": format_duration,
        "value": shown_value,
        "log_text": log_text,
        "redact": redact,
        "redact_text": redact_text,
    }
    global_values: dict[str, Any] = {"diagram": diagram, "timeline": timeline, "inline_css": None}
    global_values |= {"value_limit": 6_000, "detailed": 20}
    environment.filters.update(filters)
    for name, value in global_values.items():
        environment.globals[name] = value
    return environment


def money(minor: int, currency: str) -> Markup:
    """Return an amount with its currency for a right-aligned cell."""
    from handlers.domain.money import format_number  # imported late: only pages of bookings contain money

    number = format_number(minor, currency).replace("-", "−")
    return Markup('<span class="amount">{}</span> <span class="currency">{}</span>').format(number, currency)


def when(instant: datetime | str | None) -> Markup:
    """Return an instant with its zone, also in machine-readable form."""
    parsed = parse_timestamp(instant) if isinstance(instant, str) else instant
    if parsed is None:
        return Markup("{}").format(instant or "–")
    return Markup('<time datetime="{}">{}</time>').format(parsed.isoformat(), format_timestamp(parsed))


def clock_time(instant: datetime) -> Markup:
    """Return the time of day of an instant with its zone; the full instant is machine-readable."""
    text = f"{instant:%H:%M:%S}.{instant.microsecond // 1000:03d} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        instant.isoformat(), format_timestamp(instant), text
    )


def shown_value(value: Any, limit: int) -> str:
    """Return a JSON value as masked text of at most `limit` characters."""
    text = format_json(redact(value))
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n… {len(text) - limit} more characters" if limit else f"{len(text)} characters"


def log_text(text: str) -> str:
    """Return a masked log line, as `field value` pairs if it is a JSON object of ours."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return redact_text(text)
    line = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    if "step" not in line:
        return redact_text(text)
    fields = {name: value for name, value in line.items() if value is not None and name not in ("stage", "execution")}
    return "  ".join(f"{name}={redact(value)}" for name, value in fields.items())


def timeline(trace: ExecutionTrace) -> Markup:
    """Return the timeline of an execution as inline SVG."""
    return Markup(draw_timeline(trace))  # noqa: S704  # draw_timeline escapes every text


def diagram(trace: ExecutionTrace) -> str:
    """Return the machine with the taken path as an image's address; empty if the definition is unknown.

    An image cannot run scripts, and its style does not affect the page.
    """
    from workflow.diagram import svg

    if trace.definition is None:
        return ""
    picture = svg(trace.definition, taken=trace.run or trace.path)
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
