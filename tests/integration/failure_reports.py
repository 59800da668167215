"""Reports of the executions of a failed test."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.report import render_execution, write_page
from cli.target import DeploymentTarget

MAX_REPORTS = 10


def write_reports(target: DeploymentTarget, executions: Sequence[str], folder: Path) -> Iterator[Path]:
    """Write a page for each of the latest executions and yield its path."""
    for arn in executions[-MAX_REPORTS:]:
        page = render_execution(target, arn)
        path = write_page(page, folder / f"{arn.rpartition(':')[2]}.html") if page else None
        if path:
            yield path
