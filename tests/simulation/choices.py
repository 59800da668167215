"""The decisions of a history: drawn from a seed or replayed from a list, and recorded."""

import random
from collections.abc import Sequence


class Choices:
    """Decision 0 is always the simplest: nothing goes wrong, and the first actor continues."""

    def __init__(self, seed: int = 0, replayed: Sequence[int] | None = None, scene: int | None = None) -> None:
        self._seed = seed
        self._random = random.Random(seed if scene is None else scene).random
        self._replayed = replayed
        self.recorded: list[int] = []

    def below(self, bound: int) -> int:
        """Return a number from 0 to bound - 1."""
        if bound <= 1:
            return 0
        if self._replayed is None:
            chosen = int(self._random() * bound)
        else:
            position = len(self.recorded)
            chosen = self._replayed[position] % bound if position < len(self._replayed) else 0
        self.recorded.append(chosen)
        return chosen

    def curtain(self) -> None:
        """End the scene's choices: from here on the history's own seed decides."""
        self._random = random.Random(self._seed).random

    def rarely(self, percent: int) -> bool:
        """Return True with this probability; as a decision, false is 0."""
        return self.below(100) >= 100 - percent
