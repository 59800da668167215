"""Every link, path, make target, verb and module in the docs exists, and every target and verb is documented."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from cli.main import build_app
from cli.workflow_arguments import VERBS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*/README.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"(?<![\w/.-])((?:docs|examples|tests|tools|components|workflow|handlers|local|cli)/[\w./-]*\w/?)")


def verbs(group: typer.Typer, prefix: str = "booking") -> Iterator[str]:
    """Yield every verb of the command, with its groups."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{prefix} {command.name or command.callback.__name__.replace('_', '-')}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from verbs(inner.typer_instance, f"{prefix} {inner.name}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_every_path_named_in_a_page_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [target for target in LINK.findall(text) if not target.startswith(("http:", "https:", "mailto:"))]
    broken = [target for target in links if not (page.parent / target).exists()]
    broken += [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    assert broken == []


def test_every_make_target_in_the_docs_exists() -> None:
    """Every target is also explained by `make help`."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))}
    assert named - targets == set()
    assert targets - explained == set()


def test_the_command_page_lists_every_verb() -> None:
    """The page lists no other verbs."""
    text = (ROOT / "docs" / "reference" / "command.md").read_text("utf-8")
    missing = [verb for verb in verbs(build_app()) if f"`{verb}" not in text]
    assert missing == []
    known = " ".join([*verbs(build_app()), *(f"booking workflow {verb}" for verb in VERBS)])
    named = re.findall(r"`(booking [a-z]+(?: (?:set|show|verify|report|schema|check))?)", text)
    assert [name for name in named if name not in known] == []


def test_every_module_that_a_page_runs_exists() -> None:
    """Pages run modules with `python -m ...`."""
    named = {
        name for page in PAGES for name in re.findall(r"python -m ((?:tools|tests|bench)[\w.]*)", page.read_text())
    }
    assert len(named) > 5
    assert [name for name in named if find_spec(name) is None] == []


def test_every_name_in_a_recipe_exists_in_its_file() -> None:
    """A recipe that says "`Code` in `workflow/lint/lint_findings.py`" must find it there."""
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text("utf-8").split())
    named = re.findall(r"`(\w+)`(?: and `(\w+)`)? (?:in|to|\() ?`([\w/]+\.py)`", text)
    assert len(named) >= 4
    broken = [(name, file) for *names, file in named for name in names if name not in (ROOT / file).read_text("utf-8")]
    assert broken == []
