"""Worlds pay through the sandbox, and those of tests marked `over_gateways` through every gateway in turn."""

from collections.abc import Iterator

import pytest

from tests.handlers.paying import GATEWAYS, PAYS_THROUGH


@pytest.fixture(autouse=True)
def pays_through(request: pytest.FixtureRequest) -> Iterator[None]:
    """Choose the gateway of the worlds that a test makes."""
    token = PAYS_THROUGH.set(getattr(request, "param", "sandbox"))
    yield
    PAYS_THROUGH.reset(token)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once for each gateway; through Stripe only at night if marked `nightly`."""
    mark = metafunc.definition.get_closest_marker("over_gateways")
    if mark:
        night = [pytest.mark.nightly] if mark.kwargs.get("nightly") else []
        through = [pytest.param(each, marks=night if each != "sandbox" else []) for each in GATEWAYS]
        metafunc.parametrize("pays_through", through, indirect=True)
