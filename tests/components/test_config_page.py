"""docs/reference/config.md has every key, as the program knows it now."""

from components.stage_schema import json_schema
from tools.config_page import PAGE, render_page


def test_the_page_is_what_the_program_says() -> None:
    """Otherwise: python -m tools.config_page."""
    assert render_page() == PAGE.read_text("utf-8")


def test_every_key_is_on_the_page() -> None:
    """As the schema for editors names them."""
    schema = json_schema()
    keys = schema["properties"]["config"]["properties"]  # type: ignore[index]
    assert [key for key in keys if f"`{key.removeprefix('booking:')}`" not in render_page()] == []
