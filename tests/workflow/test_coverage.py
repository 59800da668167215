"""Coverage enumerates the paths of a workflow, counts those that runs take, and fails a test module that misses one."""

from pathlib import Path

import pytest

from tests.workflow.defects import branches, ends, machine
from workflow import parse, paths, run
from workflow.coverage import TooManyPaths, all_paths
from workflow.testing import Coverage, covering

pytest_plugins = ["pytester"]

CAUGHT = {"ErrorEquals": ["States.ALL"], "Next": "Wait"}
AGAIN = {"Variable": "$.Error", "StringEquals": "E", "Next": "Try"}
LOOP = machine(
    {
        "Try": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [CAUGHT], "Next": "Done"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [AGAIN], "Default": "Lost"},
        "Done": {"Type": "Succeed"},
        "Lost": {"Type": "Fail"},
    }
)


def test_paths_take_each_transition_of_a_loop_once() -> None:
    assert {path.states for path in paths(LOOP)} == {
        ("Try", "Done"),
        ("Try", "Wait", "Again", "Lost"),
        ("Try", "Wait", "Again", "Try", "Done"),
    }


def test_repeated_rounds_of_a_loop_cover_one_path() -> None:
    """A run with three rounds of a loop covers the path with one round."""
    coverage = Coverage(LOOP)
    coverage.add(run(LOOP, {}, {"Try": lambda _: {}}, faults={"Try": ["E", "E", "E"]}))
    assert [path.states for path in coverage.missing()] == [("Try", "Done"), ("Try", "Wait", "Again", "Lost")]
    coverage.add(run(LOOP, {}, {"Try": lambda _: {}}))
    coverage.add(run(LOOP, {}, {"Try": lambda _: {}}, faults={"Try": ["F"]}))
    assert (coverage.missing(), coverage.share()) == ((), 1.0)


def test_an_interrupted_path_is_not_covered() -> None:
    asl = branches(machine({"I": {"Type": "Fail", "Error": "E"}}), machine({"J": ends()}))
    coverage = Coverage(asl, [run(asl)])
    assert [path.scope for path in coverage.missing()] == ["", "/States/A/Branches/1"]


def test_each_scope_has_its_own_paths() -> None:
    """The machine and each branch have separate paths."""
    asl = branches(machine({"I": ends()}), machine({"J": ends()}))
    assert [str(path) for path in all_paths(asl)] == ["A", "I (in /States/A/Branches/0)", "J (in /States/A/Branches/1)"]


def test_too_many_paths_are_rejected() -> None:
    """20 Choices in a row have a million paths."""
    states = {
        f"S{n}": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsNull": True, "Next": f"S{n + 1}"}],
            "Default": f"S{n + 1}",
        }
        for n in range(20)
    }
    asl = machine({**states, "S20": ends()})
    with pytest.raises(TooManyPaths, match="more than 10,000 paths"):
        list(paths(asl))
    assert parse(asl).root.start == "S0"


def test_endless_paths_are_not_enumerated() -> None:
    """Here a billion partial paths lead into an endless loop."""
    states = {
        f"S{n}": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsNull": True, "Next": f"S{n + 1}"}],
            "Default": f"S{n + 1}",
        }
        for n in range(40)
    }
    asl = machine({**states, "S40": {"Type": "Pass", "Next": "S40"}})
    assert list(paths(asl)) == []
    asl["States"]["S0"]["Choices"].append({"Variable": "$.x", "IsNull": False, "Next": "Done"})
    asl["States"]["Done"] = ends()
    assert [path.states for path in paths(asl)] == [("S0", "Done")]


def test_covering_names_the_missing_paths() -> None:
    """`covering` raises AssertionError at the end of its block, except for paths that are declared impossible."""
    with pytest.raises(AssertionError, match="no test took 2 of the workflow's paths"), covering(LOOP) as workflow:
        workflow.run({}, {"Try": lambda _: {}})
    impossible = {
        ("Try", "Wait", "Again", "Lost"): "E is all there is",
        ("Try", "Wait", "Again", "Try", "Done"): "as above",
    }
    with covering(LOOP, impossible=impossible) as workflow:
        workflow.run({}, {"Try": lambda _: {}})


def test_a_module_that_misses_a_path_fails(pytester: pytest.Pytester) -> None:
    """The fixture reports an untaken path if the whole module was run."""
    pytester.makepyfile(
        f"""
        from workflow.testing import coverage_fixture as covered
        machine = covered({LOOP!r})
        def test_it_is_done(machine):
            assert machine.run({{}}, {{"Try": lambda _: {{}}}}).succeeded
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:xdist", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*no test took 2 of the workflow's paths*", "*Try →(caught) Wait*"])
    partial = pytester.runpytest_inprocess("-p", "no:xdist", "-p", "no:cacheprovider", "-k", "done")
    partial.assert_outcomes(passed=1)


TWO_TESTS = f"""
    import pytest
    from workflow.testing import coverage_fixture as covered
    machine = covered({LOOP!r}, impossible={{("Try", "Wait", "Again", "Try", "Done"): "E is all there is"}})
    def test_done(machine):
        machine.run({{}}, {{"Try": lambda _: {{}}}})
    def test_lost(machine):
        machine.run({{}}, {{"Try": lambda _: {{}}}}, faults={{"Try": ["F"]}})
"""


@pytest.mark.parametrize("options", [["--deselect", "test_paths.py::test_lost"], ["test_paths.py::test_done"]])
def test_part_of_a_module_need_not_take_every_path(pytester: pytest.Pytester, options: list[str]) -> None:
    """The part is selected by deselection or by test id."""
    pytester.makepyfile(test_paths=TWO_TESTS)
    result = pytester.runpytest_inprocess("-p", "no:xdist", "-p", "no:cacheprovider", *options)
    assert result.parseoutcomes().get("passed") == 1
    assert result.ret == 0


@pytest.mark.parametrize(
    ("distribution", "is_complete"), [("load", False), pytest.param("loadfile", True, marks=pytest.mark.nightly)]
)
def test_a_module_split_over_processes_is_reported(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, distribution: str, is_complete: bool
) -> None:
    """No single process sees all taken paths; tests of one process count together."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makepyfile(test_paths=TWO_TESTS)
    result = pytester.runpytest_subprocess("-n", "2", "--dist", distribution, "-p", "no:cacheprovider")
    if is_complete:
        result.assert_outcomes(passed=2)
    else:
        result.stdout.fnmatch_lines(["*ran in several processes, none of which saw all paths that were taken*"])
