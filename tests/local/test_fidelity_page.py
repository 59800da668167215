"""docs/reference/fidelity.md is up to date: its tables describe the classes."""

from pathlib import Path

from local.instance import patches
from local.provider.registry import resource_types
from tools.fidelity_tables import update_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fidelity.md"


def test_the_tables_are_up_to_date() -> None:
    """To update them: `python -m tools.fidelity_tables`."""
    assert update_page(PAGE.read_text()) == PAGE.read_text()


def test_the_page_names_the_installed_ministack_version() -> None:
    assert f"MiniStack {patches.PATCHED_VERSION}" in PAGE.read_text()


def test_every_type_has_a_description() -> None:
    for token, kind in resource_types().items():
        assert (type(kind).__doc__ or "").strip().endswith((".", ")")), token
