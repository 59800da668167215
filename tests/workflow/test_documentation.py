"""The documentation of the workflow language is correct: its programs run, and its diagram is up to date."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.workflow_arguments import VERBS
from workflow.booking import Booking
from workflow.diagram import svg

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("how-to/*-a-workflow.md"), *DOCS.glob("reference/workflow/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_documented_programs_run(page: Path) -> None:
    """All Python blocks of a page run one after the other."""
    text = page.read_text(encoding="utf-8")
    space: dict[str, object] = {"__name__": "documentation"}
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        line = text.count("\n", 0, block.start()) + 1
        exec(compile("\n" * line + block[1], str(page), "exec"), space)


@pytest.mark.parametrize("checker", [("mypy", "--no-error-summary"), ("pyright",)], ids=lambda command: command[0])
def test_documented_programs_pass_strict_type_checks(checker: tuple[str, ...], tmp_path: Path) -> None:
    """The only errors are those that the programs announce."""
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
        (tmp_path / f"{page.stem}_programs.py").write_text("\n".join(blocks), encoding="utf-8")
    programs = sorted(str(path) for path in tmp_path.glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-m", *checker, *programs], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_diagram_shows_the_current_workflow() -> None:
    """`booking workflow diagram workflow.booking:Booking --out docs/how-to/booking.svg` updates the diagram."""
    assert (DOCS / "how-to" / "booking.svg").read_text(encoding="utf-8") == svg(Booking.asl(), title="Booking")


def test_every_verb_is_documented() -> None:
    verbs = (DOCS / "reference" / "workflow" / "verbs.md").read_text(encoding="utf-8")
    assert [name for name in VERBS if f"booking workflow {name}" not in verbs] == []
