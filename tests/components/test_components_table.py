"""README lists every public component, as the code describes it."""

from tools.components_table import README, render_table, update_readme


def test_readme_has_the_table_of_the_code() -> None:
    """Otherwise: python -m tools.components_table."""
    assert update_readme(README.read_text("utf-8")) == README.read_text("utf-8")
    assert render_table() in README.read_text("utf-8")


def test_the_table_lists_every_public_component() -> None:
    names = ["AlertTopic", "AuditBucket", "BookingStateMachine", "Foundation", "MonitoredLambda"]
    assert [
        name for name in [*names, "OrderStore", "SandboxGateway", "SignedPackage"] if f"`{name}`" not in render_table()
    ] == []
