"""Servers and other outside parties that contracts are held against."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract import local_servers


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of AWS's own DynamoDB Local."""
    with local_servers.dynamodb_local(tmp_path_factory.mktemp("dynamodb-local")) as client:
        yield client


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Clients of a MiniStack, by service."""
    with local_servers.ministack(tmp_path_factory.mktemp("ministack")) as clients:
        yield clients
