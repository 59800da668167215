"""Path coverage for pytest: the tests of a module fail if they leave a path through a workflow untaken.

    booking = coverage_fixture(Booking)                   # a fixture

    def test_a_purchase(booking):
        run = booking.run({"action": "purchase"}, functions)
        assert run.path == ("route", "purchase", "record", "verdict", "completed")

If tests run in several processes, keep the module in one of them with `pytestmark = pytest.mark.xdist_group("booking")`
and `--dist loadgroup`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .asl.records import NOTHING
from .coverage import Coverage, StatePath
from .interpreter import Run, run

if TYPE_CHECKING:
    import pytest

_MAX_SHOWN = 20
_SELECTION_OPTIONS = ("keyword", "markexpr", "deselect", "lf", "stepwise")
"""Options of pytest that select only some of a module's tests."""


class CoveredWorkflow:
    """A workflow that records the paths that its runs take."""

    def __init__(self, definition: object, *, impossible: Mapping[tuple[str, ...], str] | None = None) -> None:
        self.coverage = Coverage(definition)
        self._impossible = dict(impossible or {})

    def run(
        self, given: object = NOTHING, functions: Mapping[Any, Callable[..., object]] | None = None, **options: Any
    ) -> Run:
        """Run the workflow as `workflow.run` does, and record the paths that the run takes."""
        ended = run(self.coverage.definition, given, functions, **options)
        self.coverage.add(ended)
        return ended

    def missing(self) -> tuple[StatePath, ...]:
        """Return the paths that no run took, except those declared impossible."""
        return tuple(path for path in self.coverage.missing() if path.states not in self._impossible)

    def require(self) -> None:
        """Raise AssertionError if there are paths that no run took; the message lists them."""
        missing = self.missing()
        if missing:
            shown = "".join(f"\n  {path}" for path in missing[:_MAX_SHOWN])
            more = f"\n  … and {len(missing) - _MAX_SHOWN} more" if len(missing) > _MAX_SHOWN else ""
            raise AssertionError(f"no test took {len(missing)} of the workflow's paths:{shown}{more}")


@contextmanager
def covering(
    definition: object, *, impossible: Mapping[tuple[str, ...], str] | None = None
) -> Generator[CoveredWorkflow]:
    """Yield a workflow; at the end of the block, raise AssertionError unless runs took every path through it."""
    workflow = CoveredWorkflow(definition, impossible=impossible)
    yield workflow
    workflow.require()


def coverage_fixture(definition: object, *, impossible: Mapping[tuple[str, ...], str] | None = None) -> Any:
    """Return a module-scoped fixture: a workflow of which the module's tests must take every path.

    `impossible` maps the states of each path that no run can take to the reason. Untaken paths are not reported if only
    some of the module's tests are run, or if one of them fails.
    """
    import pytest

    @pytest.fixture(scope="module")
    def workflow(request: "pytest.FixtureRequest") -> Iterator[CoveredWorkflow]:
        covered, ran_tests = CoveredWorkflow(definition, impossible=impossible), _RanTests()
        request.config.pluginmanager.register(ran_tests)
        yield covered
        request.config.pluginmanager.unregister(ran_tests)
        if not _is_partial(request):
            _refuse_other_processes(request, ran_tests)
            covered.require()

    return workflow


class _RanTests:
    """A pytest plugin that collects the ids of the tests that ran in this process."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        """Record the id of a test; pytest calls this for each phase of a test."""
        self.names.add(report.nodeid)


def _is_partial(request: "pytest.FixtureRequest") -> bool:
    config = request.config
    selected = any(config.getoption(option, None) for option in _SELECTION_OPTIONS)
    return selected or bool(request.session.testsfailed) or any("::" in argument for argument in config.args)


def _refuse_other_processes(request: "pytest.FixtureRequest", ran_tests: _RanTests) -> None:
    """Raise AssertionError if xdist ran the tests in several processes, because each knows only its own runs."""
    users = {item.nodeid for item in request.session.items if request.fixturename in getattr(item, "fixturenames", ())}
    own = {name for name in users if name.startswith(f"{request.node.nodeid}::")}
    if hasattr(request.config, "workerinput") and own - ran_tests.names:
        raise AssertionError(
            f"the tests that use {request.fixturename} ran in several processes, none of which saw all paths that were "
            f'taken: run them in one process, with pytestmark = pytest.mark.xdist_group("{request.fixturename}") and '
            "--dist loadgroup, or with --dist loadfile"
        )


covered = coverage_fixture
"""Deprecated: the old name of `coverage_fixture`."""
