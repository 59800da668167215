"""Runs a Pulumi program in this process, against a monitor of ours."""

import asyncio
import contextlib
import logging
import runpy
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime.mocks import MockEngine, MockSettings
from pulumi.runtime.stack import run_in_stack

from .configuration import StackConfig
from .errors import DeploymentFailed
from .monitor import Monitor
from .provider.errors import ProviderError


def run_program(monitor: Monitor, settings: StackConfig, program: Path, stage: str) -> None:
    """Run the program for the stage until everything that it asks for is made; DeploymentFailed with one sentence.

    Pulumi's SDK keeps its state per context and per event loop: a thread of its own has a fresh one of each.
    """
    failures: list[BaseException] = []

    def body() -> None:
        try:
            _run(monitor, settings, program, stage)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=body, name="pulumi-program", daemon=True)
    thread.start()
    thread.join()
    if monitor.failure is not None:
        raise DeploymentFailed(_message_of(monitor.failure)) from monitor.failure
    if failures:
        raise DeploymentFailed(f"The program {program.name} failed: {_message_of(failures[0])}") from failures[0]


def _run(monitor: Monitor, settings: StackConfig, program: Path, stage: str) -> None:
    quiet = logging.getLogger("booking.pulumi")
    quiet.disabled = True  # the SDK logs failures with a stack trace; ours are one sentence
    before = pulumi_settings.SETTINGS
    features = set(monitor.GetDeploymentInfo(Empty()).supportedFeatures)  # type: ignore[no-untyped-call]
    pulumi_settings.configure(
        MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=features,
            engine=MockEngine(quiet),
            project=settings.project,
            stack=stage,
            dry_run=False,
            organization="organization",
            callbacks=None,
        )
    )
    pulumi_config.set_all_config(settings.values, [])
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # of tasks that nobody awaits any more after a failure
    asyncio.set_event_loop(loop)
    try:
        with _program_directory(program):
            loop.run_until_complete(run_in_stack(lambda: _execute(program)))
    finally:
        _cancel_tasks(loop)
        asyncio.set_event_loop(None)
        loop.close()
        pulumi_settings.configure(before)


def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """After a failure the SDK leaves tasks behind that wait for resources which will never be, and calls under way."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())


def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


@contextlib.contextmanager
def _program_directory(program: Path) -> Iterator[None]:
    """In the program's folder, with its modules importable, as Pulumi runs it."""
    root = str(program.parent)
    sys.path.insert(0, root)
    try:
        with contextlib.chdir(root):
            yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(root)


def _message_of(error: BaseException) -> str:
    text = " ".join(str(error).split("\n")[0].split()) or type(error).__name__
    return text if isinstance(error, ProviderError | DeploymentFailed) else str(error) or type(error).__name__
