"""Schedule fibers of work on one virtual clock, so that branches and Map iterations interleave as in real time.

A fiber is a generator. It yields `Sleep` to let time pass, and `Join` to start child fibers and wait for them. The
scheduler advances every fiber itself, so nested fibers do not deepen Python's call stack.
"""

import heapq
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ..asl.json_type import Json
from .state_errors import TIMEOUT, StateFailed


@dataclass(frozen=True, slots=True)
class Sleep:
    """A request to resume the fiber after some virtual time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Join:
    """A request to start child fibers, at most `limit` at once (0 for all), and to wait for them.

    The fiber resumes with their results when all have ended, or with the error from `threshold_error` as soon as more
    than `tolerated` of them have failed.
    """

    starts: "Sequence[Callable[[], Work]]"
    limit: int
    tolerated: int = 0
    threshold_error: Callable[[StateFailed], StateFailed] = lambda failure: failure
    seconds: float | None = None
    """The maximum duration of each child fiber, which then fails with States.Timeout; None for no maximum."""


Result: TypeAlias = "Json | StateFailed"
_EXPIRED: Final = StateFailed(TIMEOUT)
"""Ends a fiber that reached its maximum duration. No Catch inside the fiber sees this error."""
Work: TypeAlias = "Generator[Sleep | Join, list[Result], Json]"


@dataclass(eq=False, slots=True)
class _Fiber:
    work: Work
    parent: "_Fiber | None" = None
    index: int = 0
    join: Join | None = None
    waiting: "dict[int, _Fiber]" = field(default_factory=dict["int", "_Fiber"])
    results: dict[int, Result] = field(default_factory=dict[int, Result])
    failures: int = 0
    started: int = 0
    ended: bool = False
    result: "tuple[Result] | None" = None


class Scheduler:
    """Runs a first fiber, and the fibers that it starts, until it ends or a deadline (in virtual seconds) passes."""

    def __init__(self, deadline: float | None) -> None:
        self.now = 0.0
        self.deadline = deadline
        self._queue: list[tuple[float, int, _Fiber, list[Result] | StateFailed | None]] = []
        self._sequence = 0

    def run(self, work: Work) -> "Result | None":
        """Run the first fiber; return its output or its error, or None if the deadline passes first."""
        first = _Fiber(work)
        self._wake(first, None, 0)
        while self._queue:
            if self.deadline is not None and self._queue[0][0] > self.deadline:
                self.now = self.deadline
                _close(first)
                return None
            self.now, _, fiber, message = heapq.heappop(self._queue)
            if not fiber.ended:
                self._advance(fiber, message)
            if first.result is not None:
                return first.result[0]
        raise AssertionError("a fiber waits for nothing")

    def _wake(self, fiber: _Fiber, message: "list[Result] | StateFailed | None", delay: float) -> None:
        self._sequence += 1
        heapq.heappush(self._queue, (self.now + delay, self._sequence, fiber, message))

    def _advance(self, fiber: _Fiber, message: "list[Result] | StateFailed | None") -> None:
        if message is _EXPIRED:
            _close(fiber)
            self._finish(fiber, _EXPIRED)
            return
        try:
            if isinstance(message, StateFailed):
                request = fiber.work.throw(message)
            elif message is None:
                request = next(fiber.work)
            else:
                request = fiber.work.send(message)
        except StopIteration as end:
            self._finish(fiber, end.value)
        except StateFailed as failure:
            self._finish(fiber, failure)
        else:
            if isinstance(request, Sleep):
                self._wake(fiber, [], request.seconds)
            else:
                self._join(fiber, request)

    def _join(self, fiber: _Fiber, join: Join) -> None:
        fiber.join, fiber.results, fiber.failures, fiber.started = join, {}, 0, 0
        if not join.starts:
            self._wake(fiber, [], 0)
            return
        for _ in range(min(join.limit or len(join.starts), len(join.starts))):
            self._start_next(fiber)

    def _start_next(self, parent: _Fiber) -> None:
        assert parent.join is not None
        index = parent.started
        parent.started += 1
        child = _Fiber(parent.join.starts[index](), parent, index)
        parent.waiting[index] = child
        self._wake(child, None, 0)
        if parent.join.seconds is not None:
            self._wake(child, _EXPIRED, parent.join.seconds)

    def _finish(self, fiber: _Fiber, result: Result) -> None:
        fiber.ended = True
        parent = fiber.parent
        if parent is None:
            fiber.result = (result,)
            return
        assert parent.join is not None
        parent.results[fiber.index] = result
        del parent.waiting[fiber.index]
        if isinstance(result, StateFailed):
            parent.failures += 1
            if parent.failures > parent.join.tolerated:
                self._cancel_children(parent, parent.join.threshold_error(result))
                return
        if parent.started < len(parent.join.starts):
            self._start_next(parent)
        elif not parent.waiting:
            self._wake(parent, [parent.results[index] for index in range(len(parent.join.starts))], 0)

    def _cancel_children(self, parent: _Fiber, failure: StateFailed) -> None:
        for child in list(parent.waiting.values()):
            _close(child)
        parent.waiting.clear()
        self._wake(parent, failure, 0)


def _close(fiber: _Fiber) -> None:
    """Close a fiber and all its descendants."""
    stack = [fiber]
    while stack:
        each = stack.pop()
        each.ended = True
        each.work.close()
        stack.extend(each.waiting.values())
