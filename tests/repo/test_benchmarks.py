"""The benchmarks' own arithmetic and registration; the measurements themselves do not run here."""

import importlib
import inspect
from pathlib import Path

import pytest

from bench.__main__ import benchmark_names, chosen_names, main
from bench._conversations import AwsDouble
from bench._figures import figure, ratio, take_turns


def test_measurements_take_turns_in_alternating_order() -> None:
    called: list[str] = []
    measures = {"a": lambda: float(called.append("a") or 1), "b": lambda: float(called.append("b") or 2)}
    assert take_turns(3, measures) == {"a": [1, 1, 1], "b": [2, 2, 2]}
    assert "".join(called) == "abbaab"


def test_a_ratio_has_the_median_and_quartiles_of_its_rounds() -> None:
    measured = ratio("ours", [2, 6, 12, 4, 50], [2, 2, 2, 2, 2], "floor", limit=2.5)
    assert (measured.low, measured.median, measured.high, measured.rounds) == (2, 3, 6, 5)
    assert not measured.is_met


def test_higher_figures_can_be_better() -> None:
    assert figure("throughput", [0.8], "x", limit=0.8, better="more").is_met
    assert not figure("throughput", [0.79], "x", limit=0.8, better="more").is_met


@pytest.mark.parametrize("name", benchmark_names())
def test_every_benchmark_has_a_docstring_and_yields_figures(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert module.__doc__
    assert inspect.isgeneratorfunction(module.figures), (
        "figures must be a generator function: a benchmark measures nothing until its figures are read"
    )


def test_an_unknown_benchmark_is_rejected_with_the_list_of_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cold,warmer", "all"]) == 64
    assert "Unknown benchmark warmer. Choose from api, audit_verify, " in capsys.readouterr().err


def test_all_can_be_combined_with_other_names() -> None:
    assert chosen_names(["all,cold"]) == benchmark_names()


@pytest.mark.parametrize("rounds", ["0", "-1", "x", "1.5"])
def test_rounds_must_be_a_positive_integer(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["cold", f"--rounds={rounds}"])
    assert f"argument --rounds: must be 1 or more, got {rounds!r}" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "no JSON", "[]", "{}", '{"figures": [{"name": "a"}]}', '{"figures": 3}'])
def test_before_must_name_a_file_of_an_earlier_run(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "before.json"
    if content is not None:
        file.write_text(content)
    assert main(["cold", "--before", str(file)]) == 64
    problem = "cannot be read: No such file" if content is None else "has no figures: give a file that an earlier run"
    assert f"--before {file} {problem}" in capsys.readouterr().err


def test_an_unexpected_number_of_aws_calls_fails_the_benchmark() -> None:
    with AwsDouble() as aws:
        aws.expected = aws.requests = 3
        aws.check()
        aws.requests = 4
        with pytest.raises(AssertionError, match=r"made 4 calls of AWS instead of 3\."):
            aws.check()
