"""The alarms of a deployment, firing ones first, each with its section of the runbook."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from .deployment import Deployment

RUNBOOK: Final = Path(__file__).parents[1] / "docs" / "how-to" / "runbook.md"
_RANKS: Final = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
_ANCHOR: Final = re.compile(r"\s*What to do: (\S*#([a-z0-9-]+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One alarm: its state, its meaning, and what to do."""

    name: str
    state: str
    meaning: str
    reason: str
    changed_at: datetime | None
    runbook: str
    """Path and anchor in the runbook."""
    section: str
    """The section's text; empty if the runbook is not available."""


def read_alarms(deployment: Deployment) -> tuple[AlarmRow, ...]:
    """Return the alarms of the deployment's stage."""
    stage = str(deployment.outputs.get("stage", ""))
    pages = deployment.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = (alarm for page in pages for alarm in page.get("MetricAlarms", ()))
    return tuple(sorted(_rows(found, f"-{stage}-" if stage else ""), key=_rank))


def _rows(alarms: Iterable[Any], part_of_name: str) -> Iterable[AlarmRow]:
    for alarm in alarms:
        if part_of_name not in str(alarm["AlarmName"]):
            continue
        described = str(alarm.get("AlarmDescription", ""))
        link = _ANCHOR.search(described)
        yield AlarmRow(
            name=str(alarm["AlarmName"]),
            state=str(alarm.get("StateValue", "")),
            meaning=_ANCHOR.sub("", described),
            reason=str(alarm.get("StateReason", "")),
            changed_at=alarm.get("StateUpdatedTimestamp"),
            runbook=link[1] if link else "",
            section=runbook_section(link[2]) if link else "",
        )


def _rank(row: AlarmRow) -> tuple[int, str]:
    return _RANKS.get(row.state, 1), row.name


def runbook_section(anchor: str) -> str:
    """Return the text of a section of the runbook, or an empty string if there is no such section."""
    return _sections().get(anchor, "")


@cache
def _sections() -> dict[str, str]:
    text = RUNBOOK.read_text("utf-8") if RUNBOOK.exists() else ""
    parts = re.split(r"^#{1,3} (.+)$", text, flags=re.MULTILINE)
    return {_anchor(title): body.strip() for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9-]", "", title.strip().lower().replace(" ", "-"))
