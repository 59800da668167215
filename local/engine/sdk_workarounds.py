"""Workarounds for Pulumi's SDK: pages of logs, warnings at exit, and an unsafe Ctrl-C."""

import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from ..drivers.deployment_progress import Listener, ProgressNote

Result = TypeVar("Result")


def run_to_completion(operation: Callable[[], Result], listener: Listener) -> Result:
    """Run an engine operation to its end, even after Ctrl-C.

    The terminal also sends Ctrl-C to the engine, which finishes its running steps and unlocks the stack. A handler
    records the signal, because a KeyboardInterrupt can get lost in a destructor or callback of the main thread.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the operation has ended.
    """
    with _silence_grpc_server(), _collect_interrupts(listener) as interrupts, ThreadPoolExecutor(1, "engine") as thread:
        future = thread.submit(operation)
        wait([future])
    if interrupts:
        raise KeyboardInterrupt
    return future.result()


def collect_unfinished_programs() -> None:
    """Suppress the garbage collector's warning about the coroutine of a failed program, which the SDK never awaits."""
    previous_hook = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: (
        None if "run_in_stack" in repr(unraisable.object) else previous_hook(unraisable)
    )
    try:
        gc.collect()
    finally:
        sys.unraisablehook = previous_hook


@contextmanager
def _collect_interrupts(listener: Listener) -> Iterator[list[int]]:
    """Collect the main thread's SIGINTs instead of raising KeyboardInterrupt, and report each to the listener."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def handle(number: int, _: object) -> None:
        received.append(number)
        listener(ProgressNote(message="Stopping after the running steps have ended."))

    previous_handler = signal.signal(signal.SIGINT, handle)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, previous_handler)


@contextmanager
def _silence_grpc_server() -> Iterator[None]:
    """Silence the SDK's server, which logs a page for every call that it cannot answer after the engine was killed."""
    logger = logging.getLogger("grpc._server")
    previous_level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(previous_level)
