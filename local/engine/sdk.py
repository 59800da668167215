"""The ways of Pulumi's SDK that a user should not meet: pages of logs, complaints at the end, and a torn Ctrl-C."""

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from ..progress import Listener, Note

Result = TypeVar("Result")


def to_its_end(operation: Callable[[], Result], listener: Listener) -> Result:
    """Ctrl-C reaches the engine too, in the same terminal: it ends what it has begun, and unlocks; then we end."""
    interrupted = False
    with _quiet_servers(), ThreadPoolExecutor(1, "engine") as thread:
        future = thread.submit(operation)
        while not future.done():
            try:
                wait([future])
            except KeyboardInterrupt:
                interrupted = True
                listener(Note(message="Stopping: what has begun is ended first."))
    if interrupted:
        raise KeyboardInterrupt
    return future.result()


def drop_unfinished_programs() -> None:
    """The SDK leaves the coroutine of a failed program to the garbage collector, which complains on standard error."""
    usual = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: None if "run_in_stack" in repr(unraisable.object) else usual(unraisable)
    try:
        gc.collect()
    finally:
        sys.unraisablehook = usual


@contextmanager
def _quiet_servers() -> Iterator[None]:
    """When the engine is killed, the SDK's server logs a page for every call that it can no longer answer."""
    logger = logging.getLogger("grpc._server")
    usual = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(usual)
