"""The page that says what each config change does: every key is on it, it is true, and nothing in it loses data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine import Engine
from local.instance import Instance
from tools.engine.config_table import CHANGES, HOLDS_DATA, keys, preview, row, row_of

from .conftest import ROOT, THOROUGH, running

SAMPLE = keys() if THOROUGH else ["workflowType", "auditLockMode", "keyArn"]


@pytest.fixture(scope="module")
def deployed(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """The stage dev in an account of its own."""
    for instance in running(tmp_path_factory.mktemp("config-table") / "instance"):
        Engine(instance, ROOT / "__main__.py", "dev").up()
        yield instance


def test_every_key_has_a_change_and_a_row() -> None:
    assert keys() == list(CHANGES)
    assert [key for key in keys() if not row_of(key)] == []


@pytest.mark.parametrize("key", SAMPLE)
def test_the_page_says_what_the_engine_would_do(deployed: Instance, key: str) -> None:
    """Written anew by `python -m tools.engine.config_table`; what holds data is neither replaced nor deleted."""
    steps = preview(deployed, CHANGES[key])
    assert row_of(key) == row(key, steps)
    lost = [step.name for step in steps if step.type in HOLDS_DATA and step.operation in ("replace", "delete")]
    assert lost == []
