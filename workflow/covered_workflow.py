"""For pytest: a module's tests fail when they leave a way through a workflow untaken.

    booking = covered(Booking)                   # a fixture

    def test_a_purchase(booking):
        run = booking.run({"action": "purchase"}, functions)
        assert run.path == ("route", "purchase", "record", "verdict", "completed")

Where tests run in several processes, keep the module in one: `pytestmark = pytest.mark.xdist_group("booking")`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .pathways import Coverage, Path
from .records import NOTHING
from .running import Run, run

if TYPE_CHECKING:
    import pytest

_SHOWN = 20


class CoveredWorkflow:
    """Runs a workflow and counts the ways that it takes."""

    def __init__(self, definition: object, *, impossible: Mapping[tuple[str, ...], str] | None = None) -> None:
        self.coverage = Coverage(definition)
        self._impossible = dict(impossible or {})

    def run(
        self, given: object = NOTHING, functions: Mapping[Any, Callable[..., object]] | None = None, **options: Any
    ) -> Run:
        """See workflow.run."""
        ended = run(self.coverage.definition, given, functions, **options)
        self.coverage.add(ended)
        return ended

    def missing(self) -> tuple[Path, ...]:
        """The ways that no run took, without those that were declared impossible."""
        return tuple(path for path in self.coverage.missing() if path.states not in self._impossible)

    def require(self) -> None:
        """Raise AssertionError with the ways that no run took."""
        missing = self.missing()
        if missing:
            shown = "".join(f"\n  {path}" for path in missing[:_SHOWN])
            more = f"\n  … and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            raise AssertionError(f"no test took {len(missing)} of the workflow's paths:{shown}{more}")


@contextmanager
def covering(
    definition: object, *, impossible: Mapping[tuple[str, ...], str] | None = None
) -> Generator[CoveredWorkflow]:
    """A workflow whose every way must have been taken at the end of the block."""
    workflow = CoveredWorkflow(definition, impossible=impossible)
    yield workflow
    workflow.require()


def covered(definition: object, *, impossible: Mapping[tuple[str, ...], str] | None = None) -> Any:
    """A fixture of a module: the workflow, whose every way the module's tests must take.

    `impossible` names ways that no run can take, by their states, and says why. When only a part of the tests is run,
    or one of them fails, the untaken ways are not held against them.
    """
    import pytest

    @pytest.fixture(scope="module")
    def workflow(request: "pytest.FixtureRequest") -> Iterator[CoveredWorkflow]:
        made = CoveredWorkflow(definition, impossible=impossible)
        yield made
        if not _is_partial(request):
            made.require()

    return workflow


def _is_partial(request: "pytest.FixtureRequest") -> bool:
    config = request.config
    chosen = bool(config.getoption("keyword", "") or config.getoption("markexpr", ""))
    return chosen or bool(request.session.testsfailed) or any("::" in argument for argument in config.args)
