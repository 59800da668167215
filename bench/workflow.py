"""The cost of importing, building and checking workflows, as ratios measured in one run.

Limits: building and checking a booking-sized definition with dataclass payloads takes at most 5 times a bare
interpreter; importing `workflow.booking` takes at most 40 ms more than its contracts; checking 2,000 states with 50
distinct expressions takes at most 250 ms beyond imports, and twice the states at most 2.2 times as long. pydantic is
imported with the first model and jsonata with the first expression.
Times are CPU times, because machines are shared.
"""

import compileall
import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from workflow import Definition
from workflow.lint import check

from ._figures import ROOT, Figure, Options, cpu_seconds_of, figure, ratio, take_turns

SMALL: Final = """
from dataclasses import dataclass
from typing import Literal
from workflow import ALL, Choice, Fail, Function, Invoke, Retry, Succeed, Workflow, input_of, output_of

@dataclass
class Buy:
    action: Literal["buy"]
    sku: str

@dataclass
class Sell:
    action: Literal["sell"]
    sku: str

@dataclass
class Result:
    status: Literal["good", "bad"]

buy_fn, sell_fn = Function("buy_fn", Buy, Result), Function("sell_fn", Sell, Result)
record_fn = Function("record_fn", object, Result)

class Small(Workflow[Buy | Sell, Result]):
    request = input_of(Buy | Sell)
    route = Choice(request)
    buy = Invoke(buy_fn, retry=Retry(attempts=3))
    sell = Invoke(sell_fn, retry=Retry(attempts=3))
    record = Invoke(record_fn)
    verdict = Choice(output_of(record), by=output_of(record).status)
    done = Succeed()
    failed = Fail("Failed")
    start = route
    flow = (
        route.case(Buy) >> buy >> record >> verdict,
        route.case(Sell) >> sell >> record,
        route.otherwise >> record,
        (buy | sell).catch(ALL) >> record,
        record.catch(ALL) >> failed,
        verdict.equals("good") >> done,
        verdict.otherwise >> failed,
    )

"""
BUILD_PROGRAM: Final = SMALL + "Small.asl()"
CHECK_PROGRAM: Final = SMALL + "from workflow.lint import check\nassert not check(Small.asl())"


def measure_programs(rounds: int, *programs: str) -> list[list[float]]:
    """Measure the CPU seconds of an interpreter for each program, in each round."""
    measures = {program: partial(cpu_seconds_of, [sys.executable, "-c", program]) for program in programs}
    return list(take_turns(rounds, measures).values())


def chain_of_states(states: int, expressions: int = 50) -> dict[str, object]:
    """Return a definition with that many states, whose expressions repeat."""
    names = [f"State{number}" for number in range(states)]
    chain: dict[str, object] = {}
    for number, name in enumerate(names):
        text = f"{{% $states.input.number + {number % expressions} %}}"
        onward = {"Next": names[number + 1]} if number + 1 < states else {"End": True}
        chain[name] = {"Type": "Pass", "Output": {"number": text}, **onward}
    return {"QueryLanguage": "JSONata", "StartAt": names[0], "States": chain}


def measure_check(states: int) -> float:
    """Measure the milliseconds to read and check a definition, with everything imported."""
    document = Definition(chain_of_states(states)).json()
    times: list[float] = []
    for _ in range(5):
        gc.collect()
        start = time.process_time()
        assert not check(document)
        times.append(1000 * (time.process_time() - start))
    return min(times)


def measure_first_check(states: int) -> float:
    """Measure the milliseconds of the first check in a new interpreter: imports are done, no expression is parsed."""
    program = (
        "import time, jsonata\nfrom bench.workflow import chain_of_states\nfrom workflow import Definition\n"
        "from workflow.lint import check\n"
        "one = {'Type': 'Succeed', 'Output': '{% 1 %}'}\n"
        "check(Definition({'QueryLanguage': 'JSONata', 'StartAt': 'A', 'States': {'A': one}}))\n"
        f"text = Definition(chain_of_states({states})).json()\nstart = time.process_time()\nassert not check(text)\n"
        "print(1000 * (time.process_time() - start))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
        for _ in range(3)
    ]
    return min(float(run.stdout) for run in runs)


def measure_build(states: int) -> float:
    """Measure the milliseconds to write a chain of Pass states in the language and compile it."""
    from types import new_class

    from workflow import END, Pass, Workflow, input_of
    from workflow.fn import plus

    def body(space: dict[str, object]) -> None:
        input_ = input_of(dict[str, int])
        chain = [Pass({"number": plus(input_["number"], number % 50)}) for number in range(states)]
        for number, state in enumerate(chain):
            space[f"state{number}"] = state
        space["start"] = chain[0]
        space["flow"] = tuple(a >> b for a, b in zip(chain, [*chain[1:], END], strict=True))

    gc.collect()
    start = time.process_time()
    long: Any = new_class("Long", (Workflow,), {}, body)
    long.asl()
    return 1000 * (time.process_time() - start)


def figures(options: Options) -> Iterator[Figure]:
    """Yield the ratios."""
    for package in ("handlers", "workflow"):
        compileall.compile_dir(ROOT / package, quiet=1)  # as an installation does
    payloads = SMALL.split("buy_fn, sell_fn")[0].replace("from workflow import", "# from workflow import")
    bare, given, built, checked = measure_programs(options.rounds, "pass", payloads, BUILD_PROGRAM, CHECK_PROGRAM)
    yield ratio("booking-sized, dataclasses: payloads alone", given, bare, "bare interpreter")
    yield ratio("booking-sized, dataclasses: built", built, bare, "bare interpreter")
    yield ratio("booking-sized, dataclasses: built and checked", checked, bare, "bare interpreter", limit=5)
    contracts, booking = measure_programs(
        options.rounds, "import handlers.contracts.messages", "import workflow.booking"
    )
    extra = [
        1000 * (with_booking - without_booking)
        for with_booking, without_booking in zip(booking, contracts, strict=True)
    ]
    yield figure("importing workflow.booking", extra, "ms", "its contracts, beyond", limit=40)
    yield figure("2,000 states, 50 expressions: first check", [measure_first_check(2000)], "ms", limit=250)
    again = take_turns(3, {"2000": partial(measure_check, 2000), "4000": partial(measure_check, 4000)})
    yield ratio("4,000 states, 50 expressions: check", again["4000"], again["2000"], "2,000 states", limit=2.2)
    writing = take_turns(3, {"2000": partial(measure_build, 2000), "4000": partial(measure_build, 4000)})
    yield ratio("4,000 states written in the language", writing["4000"], writing["2000"], "2,000 states", limit=2.2)
