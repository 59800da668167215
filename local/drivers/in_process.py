"""The driver without an engine: runs a Pulumi program in this process and creates what it asks for.

    outputs = deploy(instance, Path("__main__.py"), stage="dev", listener=print)

It starts from an emptied account each time and creates only; previews, updates, refreshes and deletions are the real
engine's. The program's SDK talks to a monitor that is Pulumi's own mock, with resources and functions answered by
`provider.Provider`. What the mock does not do is not done here: transforms, protect, aliases, hooks.
"""

import asyncio
import contextlib
import logging
import runpy
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime.mocks import MockEngine, MockSettings
from pulumi.runtime.stack import run_in_stack

from ..errors import DeploymentFailed, ProviderError
from ..instance import Instance
from ..provider.journal import Journal
from ..provider.provider import EmbeddedProvider
from .deployment_progress import Listener, ignore_progress
from .monitor import Monitor
from .stack_config import StackConfig, load_config

DRIVER: Final = "in-process"


def deploy(
    instance: Instance,
    program: Path = Path("__main__.py"),
    stage: str = "dev",
    config: Mapping[str, Any] | None = None,
    listener: Listener = ignore_progress,
) -> dict[str, Any]:
    """Empty the account, run the program for the stage, create its resources; the stack's outputs.

    `config` overrides values of `Pulumi.<stage>.yaml`. The listener is called from several threads, one call at a time.

    Raises:
        DeploymentFailed: one sentence that names the resource, the configuration key or the program's fault.
    """
    if instance.driver == "pulumi" and instance.outputs():
        raise DeploymentFailed(
            "This embedded AWS holds what the Pulumi engine deployed: go on with --engine pulumi, or start afresh "
            "after `booking down`."
        )
    settings = load_config(program.resolve(), stage, config)
    instance.reset()
    instance.driver = DRIVER
    provider = EmbeddedProvider(instance.aws(settings.default_tags), Journal(instance.folder / "journal.jsonl"))
    monitor = Monitor(provider, settings, listener)
    try:
        run_program(monitor, settings, program.resolve())
    except DeploymentFailed as failure:
        if instance.is_running:
            raise
        raise DeploymentFailed(
            f"The embedded AWS ended in the middle of the deployment (see {instance.folder / 'instance.log'}); "
            "the next run starts it again."
        ) from failure
    instance.save_outputs(monitor.outputs)
    return monitor.outputs


def run_program(monitor: Monitor, settings: StackConfig, program: Path) -> None:
    """Run the program for the stage until everything that it asks for is made; DeploymentFailed with one sentence.

    Pulumi's SDK keeps its state per context and per event loop: a thread of its own has a fresh one of each.
    """
    failures: list[BaseException] = []

    def body() -> None:
        try:
            _run(monitor, settings, program)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=body, name="pulumi-program", daemon=True)
    thread.start()
    thread.join()
    if monitor.failure is not None:
        raise DeploymentFailed(_message_of(monitor.failure)) from monitor.failure
    if failures:
        raise DeploymentFailed(f"The program {program.name} failed: {_message_of(failures[0])}") from failures[0]


def _run(monitor: Monitor, settings: StackConfig, program: Path) -> None:
    quiet = logging.getLogger("booking.pulumi")
    quiet.disabled = True  # the SDK logs failures with a stack trace; ours are one sentence
    features = set(monitor.GetDeploymentInfo(Empty()).supportedFeatures)  # type: ignore[no-untyped-call]
    pulumi_settings.configure(
        MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=features,
            engine=MockEngine(quiet),
            project=settings.project,
            stack=settings.stage,
            dry_run=False,
            organization="organization",
            callbacks=None,
            # What `MockSettings` leaves alone would be shared with earlier runs, whose event loops are closed.
            outputs=set(),
            lock=threading.Lock(),
            package_refs={},
            base_providers_by_ref={},
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
        pulumi_settings.SETTINGS.outputs.clear()


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
