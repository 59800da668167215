"""Fixtures with one embedded AWS for all tests of this folder."""

from pathlib import Path

import pytest

from local.instance import Instance
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider
from local.pytest_plugin import embedded_aws

__all__ = ["embedded_aws"]


@pytest.fixture
def provider(embedded_aws: Instance, tmp_path: Path) -> EmbeddedProvider:
    """Return a provider of the shared instance with its own journal."""
    return EmbeddedProvider(embedded_aws.aws(), Journal(tmp_path / "journal.jsonl"))
