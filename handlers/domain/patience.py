"""How often to try again, and how long to wait before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from .errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Bounded tries with full jitter.

    Source: AWS Architecture Blog, "Exponential Backoff and Jitter": of the variants, full jitter does the least work.
    """

    pause: Callable[[timedelta], None]
    chance: Callable[[], float]
    tries: int = 10
    first: timedelta = timedelta(milliseconds=20)
    longest: timedelta = timedelta(milliseconds=500)

    @classmethod
    def without_pauses(cls) -> Self:
        """For whom waits nobody: a person's command, a test."""
        return cls(pause=lambda _: None, chance=lambda: 0.0)

    def attempts(self, what: str) -> Iterator[int]:
        """Count the tries; when they are used up, raise.

        Raises:
            Unavailable: every try lost its race for `what`.
        """
        for attempt in range(self.tries):
            if attempt:
                self.pause(self.chance() * min(self.longest, self.first * 2**attempt))
            yield attempt
        raise Unavailable(f"{what} was changed by others during each of {self.tries} tries.")
