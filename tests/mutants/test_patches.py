"""The seeded mutants fit the code: one that no longer applies would prove nothing."""

from pathlib import Path

import pytest

from tools.mutants.__main__ import PATCHES, ROOT, apply, broken_law

MUTANTS = sorted(PATCHES.glob("*.patch"))


def test_there_are_thirty_mutants_or_more() -> None:
    """Each breaks a law on purpose; `make mutants` kills them one by one."""
    assert len(MUTANTS) >= 30


@pytest.mark.parametrize("patch", MUTANTS, ids=lambda patch: patch.stem)
def test_every_mutant_applies_and_says_what_it_breaks(patch: Path) -> None:
    """A patch that no longer fits has to be written anew together with the code that moved."""
    assert apply(patch, ROOT, check_only=True) is None
    assert broken_law(patch).startswith(("law", "the"))
