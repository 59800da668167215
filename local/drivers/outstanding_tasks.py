"""Wait for the tasks of a Pulumi program that has run, as both drivers do: in time that grows with their number.

The SDK waits for them, too, but lists all of them anew whenever one has ended, so its time grows with the square: of a
program with 150 resources it was two thirds.
"""

import asyncio
from typing import Any, Final

from pulumi.runtime import settings

_SETTINGS: Final[Any] = settings.SETTINGS  # its descriptors have no types


async def wait_for_outputs() -> None:
    """Return when the program's outputs are computed, or one of them has failed: the SDK then reports the failure."""
    while pending := [task for task in tuple(_outputs()) if not task.done()]:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in done):
            return


def _outputs() -> set[asyncio.Task[object]]:
    outputs: set[asyncio.Task[object]] = _SETTINGS.outputs
    return outputs
