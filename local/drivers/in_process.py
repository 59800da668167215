"""The driver without an engine: run a Pulumi program in this process and create its resources.

    outputs = deploy(instance, Path("__main__.py"), stage="dev", listener=print)

It creates resources and recognises an unchanged stack; previews, updates, refreshes and deletions need the real engine.
The program's SDK talks to a monitor that is Pulumi's own mock, with resources and functions answered by
`EmbeddedProvider`. Like the mock, it lacks transforms, protect, aliases and hooks. Longer than 250 lines so that the
steps of a deployment are in one place.
"""

import asyncio
import contextlib
import logging
import runpy
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime.mocks import MockEngine, MockSettings
from pulumi.runtime.stack import run_in_stack

from ..errors import DeploymentFailed, ProviderError
from ..instance import Instance
from ..provider.journal import Journal
from ..provider.property_values import ReadonlyValues, Values
from ..provider.provider import EmbeddedProvider
from .deployment_progress import Listener, ProgressNote, ignore_progress
from .monitor import Monitor
from .outstanding_tasks import wait_for_outputs
from .reuse import ReuseMonitor
from .stack_config import StackConfig, load_config
from .stack_record import StackRecord, load_record

DRIVER: Final = "in-process"
_WAITING: Final = ProgressNote(message="Another run is deploying into this embedded AWS: waiting for it to end.")


def deploy(
    instance: Instance,
    program: Path = Path("__main__.py"),
    stage: str = "dev",
    config: ReadonlyValues | None = None,
    listener: Listener = ignore_progress,
    *,
    fresh: bool = False,
    prepare: Callable[[], ReadonlyValues] | None = None,
) -> Values:
    """Deploy the program's stage into the instance, unless it is there unchanged, and return the stack's outputs.

    The first stack of an instance starts with an empty account. Further stacks, of other projects or stages, are
    deployed beside it. A second deployment of a stack keeps its resources and their data if the program is unchanged.

    Args:
        instance: a running embedded AWS.
        program: the program's `__main__.py`, or another file.
        stage: the stack, with a file `Pulumi.<stage>.yaml` if the program has such files.
        config: values that override those of the stage's file.
        listener: called from several threads, one call at a time.
        fresh: delete the stack's resources and their data first.
        prepare: create what the program expects in the account, just before the program runs, and return further
            configuration values, such as the ARN of a secret.

    Raises:
        ProgramChanged: the stack was deployed here, and the program has changed since. Nothing was touched.
        DeploymentFailed: the message names the resource, the configuration key or the program's fault.
    """
    settings = load_config(program.resolve(), stage, config)
    with instance.deployment_lock(lambda: listener(_WAITING)):
        if instance.driver == "pulumi" and instance.outputs():
            raise DeploymentFailed(
                "The Pulumi engine deployed to this embedded AWS. Continue with --engine pulumi, or start again after "
                "`booking down`."
            )
        record = load_record(instance.folder, settings.project, stage)
        provider = EmbeddedProvider(instance.aws(settings.default_tags), Journal(instance.folder / "journal.jsonl"))
        is_new = fresh or not record.exists
        if is_new:
            _remove_remains(instance, provider, settings, record)
        if prepare:
            settings = load_config(program.resolve(), stage, {**(config or {}), **prepare()})
        run = _create if is_new else _reuse
        monitor = run(instance, provider, settings, program.resolve(), listener, record)
        instance.save_outputs(monitor.outputs)
    return monitor.outputs


def _remove_remains(instance: Instance, provider: EmbeddedProvider, settings: StackConfig, record: StackRecord) -> None:
    """Delete the rest of the stack, or the whole account if it contains no other stack."""
    if record.others():
        record.file.unlink(missing_ok=True)
        _delete_stack(provider, f"urn:pulumi:{settings.stage}::{settings.project}::")
    else:
        instance.reset()
        provider.journal.clear()


def _create(
    instance: Instance,
    provider: EmbeddedProvider,
    settings: StackConfig,
    program: Path,
    listener: Listener,
    record: StackRecord,
) -> Monitor:
    """Create the stack's resources."""
    instance.driver = DRIVER
    monitor = Monitor(provider, settings, listener)
    _run_on(instance, monitor, settings, program)
    record.save(monitor.deployed)
    return monitor


def _reuse(
    instance: Instance,
    provider: EmbeddedProvider,
    settings: StackConfig,
    program: Path,
    listener: Listener,
    record: StackRecord,
) -> Monitor:
    """Check that the program still has the deployed resources."""
    monitor = ReuseMonitor(provider, settings, listener, record)
    _run_on(instance, monitor, settings, program)
    monitor.reject_removals()
    return monitor


def _delete_stack(provider: EmbeddedProvider, urn_prefix: str) -> None:
    """Delete the resources of a stack's earlier deployments, latest first, with the objects in its buckets."""
    for entry in reversed(provider.journal.entries(urn_prefix)):
        provider.delete_entry(entry, {"forceDestroy": True})


def _run_on(instance: Instance, monitor: Monitor, settings: StackConfig, program: Path) -> None:
    """Run the program. If the embedded AWS ended meanwhile, report that as the cause."""
    try:
        run_program(monitor, settings, program)
    except DeploymentFailed as failure:
        if instance.is_running:
            raise
        raise DeploymentFailed(
            f"The embedded AWS ended in the middle of the deployment (see {instance.folder / 'instance.log'}); "
            "the next run starts it again."
        ) from failure


def run_program(monitor: Monitor, settings: StackConfig, program: Path) -> None:
    """Run the program for the stage until all its resources exist.

    Pulumi's SDK keeps its state per context and per event loop, so the program gets a thread of its own with fresh
    ones.

    Raises:
        DeploymentFailed: the program or a resource failed.
        KeyboardInterrupt: Ctrl-C was pressed; running steps have ended, and no new ones were begun.
    """
    failures: list[BaseException] = []
    ended = threading.Event()

    def body() -> None:
        try:
            _run(monitor, settings, program)
        except BaseException as error:
            failures.append(error)
        finally:
            ended.set()

    threading.Thread(target=body, name="pulumi-program", daemon=True).start()
    _wait_for(ended, monitor)
    match monitor.failure:
        case None:
            pass
        case KeyboardInterrupt() | DeploymentFailed():
            raise monitor.failure
        case _:
            raise DeploymentFailed(_message_of(monitor.failure)) from monitor.failure
    if failures:
        raise DeploymentFailed(f"The program {program.name} failed: {_message_of(failures[0])}") from failures[0]


def _wait_for(ended: threading.Event, monitor: Monitor) -> None:
    """Wait for the program, even after Ctrl-C. (An interrupted `Thread.join` would not wait again.)"""
    try:
        ended.wait()
    except KeyboardInterrupt:
        monitor.interrupt()
        ended.wait()


def _run(monitor: Monitor, settings: StackConfig, program: Path) -> None:
    quiet = logging.getLogger("booking.pulumi")
    quiet.disabled = True  # the SDK logs failures with a stack trace; our message is one sentence
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
            # Whatever `MockSettings` does not replace would be shared with earlier runs, whose event loops are closed.
            outputs=set(),
            lock=threading.Lock(),
            package_refs={},
            base_providers_by_ref={},
        )
    )
    pulumi_config.set_all_config(settings.values, [])
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # of tasks that nobody awaits after a failure
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
    """Cancel the tasks that the SDK leaves after a failure, such as those that wait for missing resources."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())


async def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")
    await wait_for_outputs()


@contextlib.contextmanager
def _program_directory(program: Path) -> Iterator[None]:
    """Run the body in the program's folder, with its modules importable, as Pulumi does."""
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
