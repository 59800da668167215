"""Schedule strands of work on one virtual clock, so that branches and Map iterations interleave as in real time.

A strand is a generator. It yields `Sleep` to let time pass, and `Join` to start child strands and wait for them. The
scheduler advances every strand itself, so nested strands do not deepen Python's call stack.
"""

import heapq
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ..asl.json_type import Json
from .state_errors import TIMEOUT, StateFailed


@dataclass(frozen=True, slots=True)
class Sleep:
    """A request to resume the strand after some virtual time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Join:
    """A request to start child strands, at most `limit` at once (0 for all), and to wait for them.

    The strand resumes with their results when all have ended, or with the error from `too_many` as soon as more than
    `tolerated` of them have failed.
    """

    starts: "Sequence[Callable[[], Work]]"
    limit: int
    tolerated: int = 0
    too_many: Callable[[StateFailed], StateFailed] = lambda failure: failure
    seconds: float | None = None
    """The maximum duration of each child strand, which then fails with States.Timeout; None for no maximum."""


Result: TypeAlias = "Json | StateFailed"
_EXPIRED: Final = StateFailed(TIMEOUT)
"""Ends a strand that reached its maximum duration. No Catch inside the strand sees this error."""
Work: TypeAlias = "Generator[Sleep | Join, list[Result], Json]"


@dataclass(eq=False, slots=True)
class _Strand:
    work: Work
    parent: "_Strand | None" = None
    place: int = 0
    join: Join | None = None
    waiting: "dict[int, _Strand]" = field(default_factory=dict["int", "_Strand"])
    results: dict[int, Result] = field(default_factory=dict[int, Result])
    failures: int = 0
    started: int = 0
    ended: bool = False
    result: "tuple[Result] | None" = None


class Scheduler:
    """Runs a first strand, and the strands that it starts, until it ends or a deadline (in virtual seconds) passes."""

    def __init__(self, deadline: float | None) -> None:
        self.now = 0.0
        self.deadline = deadline
        self._queue: list[tuple[float, int, _Strand, list[Result] | StateFailed | None]] = []
        self._turn = 0

    def run(self, work: Work) -> "Result | None":
        """Run the first strand; return its output or its error, or None if the deadline passes first."""
        first = _Strand(work)
        self._wake(first, None, 0)
        while self._queue:
            if self.deadline is not None and self._queue[0][0] > self.deadline:
                self.now = self.deadline
                _end(first)
                return None
            self.now, _, strand, message = heapq.heappop(self._queue)
            if not strand.ended:
                self._advance(strand, message)
            if first.result is not None:
                return first.result[0]
        raise AssertionError("a strand waits for nothing")

    def _wake(self, strand: _Strand, message: "list[Result] | StateFailed | None", delay: float) -> None:
        self._turn += 1
        heapq.heappush(self._queue, (self.now + delay, self._turn, strand, message))

    def _advance(self, strand: _Strand, message: "list[Result] | StateFailed | None") -> None:
        if message is _EXPIRED:
            _end(strand)
            self._finish(strand, _EXPIRED)
            return
        try:
            if isinstance(message, StateFailed):
                wish = strand.work.throw(message)
            elif message is None:
                wish = next(strand.work)
            else:
                wish = strand.work.send(message)
        except StopIteration as end:
            self._finish(strand, end.value)
        except StateFailed as failure:
            self._finish(strand, failure)
        else:
            if isinstance(wish, Sleep):
                self._wake(strand, [], wish.seconds)
            else:
                self._join(strand, wish)

    def _join(self, strand: _Strand, join: Join) -> None:
        strand.join, strand.results, strand.failures, strand.started = join, {}, 0, 0
        if not join.starts:
            self._wake(strand, [], 0)
            return
        for _ in range(min(join.limit or len(join.starts), len(join.starts))):
            self._start_next(strand)

    def _start_next(self, parent: _Strand) -> None:
        assert parent.join is not None
        place = parent.started
        parent.started += 1
        child = _Strand(parent.join.starts[place](), parent, place)
        parent.waiting[place] = child
        self._wake(child, None, 0)
        if parent.join.seconds is not None:
            self._wake(child, _EXPIRED, parent.join.seconds)

    def _finish(self, strand: _Strand, result: Result) -> None:
        strand.ended = True
        parent = strand.parent
        if parent is None:
            strand.result = (result,)
            return
        assert parent.join is not None
        parent.results[strand.place] = result
        del parent.waiting[strand.place]
        if isinstance(result, StateFailed):
            parent.failures += 1
            if parent.failures > parent.join.tolerated:
                self._give_up(parent, parent.join.too_many(result))
                return
        if parent.started < len(parent.join.starts):
            self._start_next(parent)
        elif not parent.waiting:
            self._wake(parent, [parent.results[place] for place in range(len(parent.join.starts))], 0)

    def _give_up(self, parent: _Strand, failure: StateFailed) -> None:
        for child in list(parent.waiting.values()):
            _end(child)
        parent.waiting.clear()
        self._wake(parent, failure, 0)


def _end(strand: _Strand) -> None:
    """Close a strand and all its descendants."""
    stack = [strand]
    while stack:
        each = stack.pop()
        each.ended = True
        each.work.close()
        stack.extend(each.waiting.values())
