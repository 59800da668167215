"""The benchmarks' own arithmetic and their registration; what they measure is not run here."""

import importlib

import pytest

from bench.__main__ import benchmark_names, main
from bench._figures import Options, figure, ratio, take_turns


def test_measurements_take_turns_in_alternating_order() -> None:
    called: list[str] = []
    measures = {"a": lambda: float(called.append("a") or 1), "b": lambda: float(called.append("b") or 2)}
    assert take_turns(3, measures) == {"a": [1, 1, 1], "b": [2, 2, 2]}
    assert "".join(called) == "abbaab"


def test_a_ratio_has_the_median_and_quartiles_of_its_rounds() -> None:
    measured = ratio("ours", [2, 6, 12, 4, 50], [2, 2, 2, 2, 2], "floor", limit=2.5)
    assert (measured.low, measured.median, measured.high, measured.rounds) == (2, 3, 6, 5)
    assert not measured.is_met


def test_more_can_be_better() -> None:
    assert figure("throughput", [0.8], "x", limit=0.8, better="more").is_met
    assert not figure("throughput", [0.79], "x", limit=0.8, better="more").is_met


@pytest.mark.parametrize("name", benchmark_names())
def test_every_benchmark_yields_figures_and_says_what_it_measures(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    assert module.__doc__
    assert iter(module.figures(Options()))  # a generator, which measures nothing until it is asked


def test_an_unknown_benchmark_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cold,warmer"]) == 64
    assert "Unknown benchmark warmer. Choose from api, audit_verify, " in capsys.readouterr().err
