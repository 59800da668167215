"""The generated documentation is up to date: README's table of components, and docs/reference/config.md."""

from components.stage_schema import json_schema
from tools.components_table import README, render_table, update_readme
from tools.config_page import PAGE, render_page


def test_the_component_table_in_readme_is_up_to_date() -> None:
    """To update it: python -m tools.components_table."""
    assert update_readme(README.read_text("utf-8")) == README.read_text("utf-8")
    assert render_table() in README.read_text("utf-8")


def test_the_table_lists_every_public_component() -> None:
    names = ["AlertTopic", "AuditBucket", "BookingStateMachine", "Foundation", "MonitoredLambda"]
    assert [
        name for name in [*names, "OrderStore", "SandboxGateway", "SignedPackage"] if f"`{name}`" not in render_table()
    ] == []


def test_the_config_page_is_up_to_date() -> None:
    """To update it: python -m tools.config_page."""
    assert render_page() == PAGE.read_text("utf-8")


def test_every_config_key_is_on_the_config_page() -> None:
    """The keys are those of the editor schema."""
    schema = json_schema()
    keys = schema["properties"]["config"]["properties"]  # type: ignore[index]
    assert [key for key in keys if f"`{key.removeprefix('booking:')}`" not in render_page()] == []
