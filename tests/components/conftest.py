"""One synthesis per stage for all tests that only look."""

import pytest

from tests.components.synth import STAGES, Graph, synth


@pytest.fixture(scope="session", params=STAGES)
def stage_graph(request: pytest.FixtureRequest) -> Graph:
    """The resources that the program registers, for each stage in turn."""
    return synth(request.param)


@pytest.fixture(scope="session")
def prod() -> Graph:
    """The resources that the program registers for prod."""
    return synth("prod")


@pytest.fixture(scope="session")
def dev() -> Graph:
    """The resources that the program registers for dev."""
    return synth("dev")
