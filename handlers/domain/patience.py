"""How often to try again, and how long to wait before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from .errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Bounded tries with full jitter.

    Source: AWS Architecture Blog, "Exponential Backoff and Jitter": of the variants, full jitter does the least work.
    """

    sleep: Callable[[timedelta], None]
    rng: Callable[[], float]
    max_attempts: int = 10
    initial_delay: timedelta = timedelta(milliseconds=20)
    max_delay: timedelta = timedelta(milliseconds=500)

    @classmethod
    def without_delays(cls) -> Self:
        """For whom waits nobody: a person's command, a test."""
        return cls(sleep=lambda _: None, rng=lambda: 0.0)

    def attempts(self, what: str) -> Iterator[int]:
        """Count the tries; when they are used up, raise.

        Raises:
            Unavailable: every try lost its race for `what`.
        """
        for attempt in range(self.max_attempts):
            if attempt:
                self.sleep(self.rng() * min(self.max_delay, self.initial_delay * 2**attempt))
            yield attempt
        raise Unavailable(f"{what} was changed by others during each of {self.max_attempts} tries.")
