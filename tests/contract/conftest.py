"""Judges and other outside parties that contracts are held against."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract import judges


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of AWS's own DynamoDB Local."""
    with judges.dynamodb_local(tmp_path_factory.mktemp("dynamodb-local")) as client:
        yield client
