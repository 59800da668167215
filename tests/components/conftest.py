"""Fixtures that synthesise each stage once, for tests that only read the graph."""

import pytest

from tests.components.synth import STAGES, Graph, synth


@pytest.fixture(scope="session", params=STAGES)
def stage_graph(request: pytest.FixtureRequest) -> Graph:
    """Return the resources that the program registers, for each stage in turn."""
    return synth(request.param)


@pytest.fixture(scope="session")
def prod() -> Graph:
    """Return the resources that the program registers for prod."""
    return synth("prod")


@pytest.fixture(scope="session")
def dev() -> Graph:
    """Return the resources that the program registers for dev."""
    return synth("dev")
