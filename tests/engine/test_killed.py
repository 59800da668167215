"""An `up` that was killed at any moment is finished by the next one: nothing is lost, orphaned or created twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local.drivers.deployment_progress import Progress, ProgressNote
from local.engine import EngineKilled, PulumiEngine, provider_process
from local.errors import DeploymentFailed
from local.instance import Instance
from tests.environment import THOROUGH

from .conftest import PROGRAMS, EngineFactory
from .inventory import account_inventory, state_inventory

pytestmark = [pytest.mark.nightly, pytest.mark.outside]

EVENTS = 26  # an `up` of the small program reports this many
MOMENTS = range(20) if THOROUGH else range(1, 20, 7)
"""Twenty moments spread over the events of an `up`; by default three of them, each with another victim."""
VICTIMS = ("engine", "provider", "both")


@pytest.fixture(scope="module")
def instance(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Run an account of its own, whose resources can be counted."""
    own = Instance(tmp_path_factory.mktemp("killed") / "instance")
    own.start()
    yield own
    own.stop()


@pytest.fixture(scope="module")
def engines() -> list[PulumiEngine]:
    """Return the list of stages that were deployed into the account."""
    return []


class Killer:
    """Kills a victim at the event with a given number, or shortly after it."""

    def __init__(self, instance: Instance, victim: str, moment: int) -> None:
        self._instance = instance
        self._victim = victim
        self._remaining_events = 1 + moment * EVENTS // 20
        self._delay_seconds = random.Random(moment).uniform(0, 0.03)
        self.struck = False

    def __call__(self, event: Progress | ProgressNote) -> None:
        self._remaining_events -= 1
        if self._remaining_events == 0:
            time.sleep(self._delay_seconds)
            self._strike()

    def _strike(self) -> None:
        self.struck = True
        provider = provider_process.running_provider(self._instance)
        if self._victim in ("provider", "both") and provider:
            os.kill(provider.pid, signal.SIGKILL)
        if self._victim in ("engine", "both"):
            for pid in _engines_of_this_process():
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_up_finishes_a_killed_one(
    instance: Instance, engines: list[PulumiEngine], engine_of: EngineFactory, moment: int
) -> None:
    """AWS then contains exactly the resources in the states, each once."""
    killer = Killer(instance, VICTIMS[moment % len(VICTIMS)], moment)
    stage = f"killed{moment}"
    with suppress(EngineKilled, DeploymentFailed):  # a busy machine may let the `up` end before the kill
        engine_of("small", stage, killer, instance=instance).up()
    assert killer.struck

    engines.append(engine_of("small", stage, instance=instance))
    engines[-1].up()

    assert state_inventory(*engines) == account_inventory(instance)
    assert not engines[-1].state.was_interrupted()
    assert engines[-1].up().changes == ()


def test_destroy_after_a_killed_up_leaves_nothing(
    instance: Instance, engines: list[PulumiEngine], engine_of: EngineFactory
) -> None:
    """Resources of the killed run that are in no state are deleted, too."""
    with suppress(EngineKilled, DeploymentFailed):
        engine_of("small", "given-up", Killer(instance, "engine", 8), instance=instance).up()
    engine_of("small", "given-up", instance=instance).destroy()
    assert state_inventory(*engines) == account_inventory(instance)


def _engines_of_this_process() -> list[int]:
    output = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 2) for line in output.stdout.splitlines())
    return [int(pid) for pid, parent, args in rows if int(parent) == os.getpid() and "pulumi" in args]


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from local.engine import PulumiEngine
from local.instance import Instance

events = []

def record(event):
    print(event, flush=True)
    events.append(event)
    if len(events) == 6:
        os.killpg(0, signal.SIGINT)

PulumiEngine(Instance(Path(sys.argv[1])), Path(sys.argv[2]), "interrupted", {}, record).up()
"""


def test_an_interrupted_up_finishes_what_it_has_started_and_leaves_no_lock(
    instance: Instance, engines: list[PulumiEngine], engine_of: EngineFactory
) -> None:
    """As from a terminal, Ctrl-C reaches both the command and its engine; here the command itself sends it."""
    arguments = [sys.executable, "-c", INTERRUPTED, str(instance.folder), str(PROGRAMS / "small" / "__main__.py")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True) as command:
        assert command.stdout is not None
        lines = command.stdout.readlines()
    assert command.returncode != 0
    assert any("Stopping after the running steps have ended" in line for line in lines)

    engines.append(engine_of("small", "interrupted", instance=instance))
    assert engines[-1].state.locks() == []
    engines[-1].up()
    assert state_inventory(*engines) == account_inventory(instance)
