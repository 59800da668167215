"""The commands of the lessons in docs/tutorial, run in order, print what the page shows."""

import subprocess
from pathlib import Path

from tests.support.lessons import lesson_steps, saved_files

from .conftest import Shell, run_booking

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorial"


def test_the_first_bookings_print_what_the_lesson_shows(shell: Shell) -> None:
    for step in lesson_steps(TUTORIALS / "your-first-bookings.md"):
        printed = shell(*step.arguments[1:])
        assert step.matches(printed.stdout), f"{step.command}\n{printed.stdout}{printed.stderr}"


def test_the_first_workflow_prints_what_the_lesson_shows(tmp_path: Path) -> None:
    page = TUTORIALS / "your-first-workflow.md"
    for name, text in saved_files(page).items():
        (tmp_path / name).write_text(text, "utf-8")
    for step in lesson_steps(page):
        if step.arguments[0] != "booking":
            subprocess.run(step.arguments, cwd=tmp_path, check=True)
            continue
        printed = run_booking(tmp_path, *step.arguments[1:])
        assert step.matches(printed.stdout + printed.stderr), f"{step.command}\n{printed.stdout}{printed.stderr}"
