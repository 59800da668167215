"""Pytest fixtures for programs that use the components. Pytest finds this module through an entry point.

It imports the embedded AWS only when a test uses it, so it does not slow pytest down otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local.instance import Instance
    from local.pytest_plugin import DeployedStack


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Start an empty embedded AWS for the session, and stop it at the end."""
    from local.pytest_plugin import start_instance

    yield from start_instance(tmp_path_factory.mktemp("embedded-aws"))


@pytest.fixture(scope="session")
def deploy_program(embedded_aws: Instance) -> Callable[..., DeployedStack]:
    """Return a function that deploys a program's stage next to the stacks of other projects and stages."""
    from local.drivers.in_process import deploy
    from local.pytest_plugin import DeployedStack

    def deploy_program(program: Path, stage: str = "dev") -> DeployedStack:
        return DeployedStack(instance=embedded_aws, outputs=deploy(embedded_aws, program, stage=stage))

    return deploy_program
