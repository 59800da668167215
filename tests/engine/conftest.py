"""Fixtures with the real engine. Without a CLI the tests are skipped, or fail in CI."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.drivers.deployment_progress import Listener, ignore_progress
from local.engine import PulumiEngine, find_cli
from local.instance import Instance
from tests.environment import require

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"

EngineFactory = Callable[..., PulumiEngine]


@pytest.fixture(scope="session")
def cli() -> Path:
    """Return the path of the Pulumi CLI."""
    command = find_cli(ROOT)
    require(command, "There is no Pulumi CLI: `make engine` finds or builds one.")
    assert command is not None
    return Path(shutil.which(command.command) or command.command)


@pytest.fixture(scope="session")
def aws(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Run an embedded AWS for the many small stacks."""
    yield from run_instance(tmp_path_factory.mktemp("engine") / "small")


@pytest.fixture(scope="session")
def engine_of(aws: Instance) -> EngineFactory:
    """Return a function that creates an engine for a program of this folder; each test uses its own stage."""

    def engine(
        program: str,
        stage: str = "dev",
        listener: Listener = ignore_progress,
        instance: Instance = aws,
        **config: object,
    ) -> PulumiEngine:
        return PulumiEngine(instance, PROGRAMS / program / "__main__.py", stage, config, listener)

    return engine


def run_instance(folder: Path) -> Iterator[Instance]:
    """Run an embedded AWS in its own folder, and always stop it."""
    instance = Instance(folder)
    instance.start()
    try:
        yield instance
    finally:
        instance.stop()
