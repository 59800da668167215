"""Every history of a scene: all interleavings, and all positions of a bounded number of faults."""

from collections.abc import Callable, Iterator

from tests.simulation.choices import Choices


class Enumerated(Choices):
    """Choices that begin with a prefix, continue with 0, and record the number of options each time."""

    def __init__(self, prefix: list[int], faults: int) -> None:
        super().__init__(replayed=prefix)
        self.bounds: list[int] = []
        self.faults_left = faults

    def below(self, bound: int) -> int:
        if bound > 1:
            self.bounds.append(bound)
        return super().below(bound)

    def rarely(self, percent: int) -> bool:
        """Return each position once with and once without a fault, while faults are left."""
        if not self.faults_left:
            return False
        struck = self.below(2) == 1
        self.faults_left -= struck
        return struck


def enumerate_histories(run: Callable[[Choices], None], faults: int = 0) -> Iterator[Enumerated]:
    """Run until every combination of choices was made once, and yield each."""
    prefix: list[int] | None = []
    while prefix is not None:
        choices = Enumerated(prefix, faults)
        run(choices)
        yield choices
        prefix = _next(choices)


def _next(choices: Enumerated) -> list[int] | None:
    for at in range(len(choices.recorded) - 1, -1, -1):
        if choices.recorded[at] + 1 < choices.bounds[at]:
            return [*choices.recorded[:at], choices.recorded[at] + 1]
    return None
