"""The seeded mutants match the code: one that does not apply, or breaks more than its law, proves nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants.__main__ import PATCHES, ROOT, apply, broken_law

MUTANTS = sorted(PATCHES.glob("*.patch"))
RUFF = Path(sys.executable).parent / "ruff"


def test_there_are_at_least_thirty_mutants() -> None:
    """Each deliberately breaks a law; `make mutants` runs them one by one."""
    assert len(MUTANTS) >= 30


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda patch: patch.stem)
def test_every_mutant_applies_and_names_the_law_that_it_breaks(patch: Path) -> None:
    """Rewrite a patch together with the code that it changes."""
    assert apply(patch, ROOT, check_only=True) is None
    assert broken_law(patch).startswith(("law", "the"))


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda patch: patch.stem)
def test_every_mutant_has_no_syntax_errors_or_undefined_names(patch: Path, tmp_path: Path) -> None:
    """A mutant that cannot be imported fails every test, which proves nothing about the tests of its law."""
    files = [line[6:] for line in patch.read_text("utf-8").splitlines() if line.startswith("--- a/")]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    assert apply(patch, tmp_path) is None
    command = [str(RUFF), "check", "--isolated", "--no-cache", "--select", "E9,F821,F823", str(tmp_path)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
