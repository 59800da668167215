"""The cost of importing, building and checking workflows, as ratios measured in one run.

Limits: building and checking a booking-sized definition with dataclass payloads takes at most 5 times a bare
interpreter; importing `workflow.booking` takes at most 40 ms more than its contracts; checking 2,000 states with 50
distinct expressions takes at most 250 ms beyond imports, and twice the states at most 2.2 times as long. pydantic is
imported with the first model and jsonata with the first expression.
Times are CPU times, because machines are shared.
"""

import compileall
import gc
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from workflow import Definition
from workflow.lint import check

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 11

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


def measure_programs(*programs: str) -> list[list[float]]:
    """Measure the CPU seconds of an interpreter for each program, in each round.

    The programs take turns, so that other load on the machine affects all of them.
    """
    taken: list[list[float]] = [[] for _ in programs]
    for _ in range(ROUNDS):
        for program, times in zip(programs, taken, strict=True):
            before = children_cpu_seconds()
            subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
            times.append(children_cpu_seconds() - before)
    return taken


def ratio(times: list[float], base: list[float]) -> float:
    """Return the median of the rounds' ratios to the base."""
    return median(time / other for time, other in zip(times, base, strict=True))


def compare_with_limit(value: float, limit: float, unit: str) -> str:
    """Format a measured value with its limit and the verdict."""
    return f"{value:.{2 if unit == 'x' else 0}f} {unit} ({'met' if value <= limit else 'MISSED'}: at most {limit:g})"


def children_cpu_seconds() -> float:
    """Return the CPU seconds of all programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def chain_of_states(states: int, expressions: int = 50) -> dict[str, object]:
    """Return a definition with that many states, whose expressions repeat."""
    names = [f"State{number}" for number in range(states)]
    written: dict[str, object] = {}
    for number, name in enumerate(names):
        text = f"{{% $states.input.number + {number % expressions} %}}"
        onward = {"Next": names[number + 1]} if number + 1 < states else {"End": True}
        written[name] = {"Type": "Pass", "Output": {"number": text}, **onward}
    return {"QueryLanguage": "JSONata", "StartAt": names[0], "States": written}


def measure_check(states: int) -> float:
    """Measure the milliseconds to read and check a definition, with everything imported."""
    document = Definition(chain_of_states(states)).json()
    taken: list[float] = []
    for _ in range(5):
        gc.collect()
        start = time.process_time()
        assert not check(document)
        taken.append(1000 * (time.process_time() - start))
    return min(taken)


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


def imported_packages(program: str) -> set[str]:
    """Return which of pydantic and jsonata a program imports."""
    asked = f"{program}\nimport sys\nprint(*({{'pydantic', 'jsonata'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(run.stdout.split())


def measure_build(states: int) -> float:
    """Measure the milliseconds to write a chain of Pass states in the language and compile it."""
    from types import new_class

    from workflow import END, Pass, Workflow, input_of
    from workflow.fn import plus

    def body(space: dict[str, object]) -> None:
        given = input_of(dict[str, int])
        made = [Pass({"number": plus(given["number"], number % 50)}) for number in range(states)]
        for number, state in enumerate(made):
            space[f"state{number}"] = state
        space["start"] = made[0]
        space["flow"] = tuple(a >> b for a, b in zip(made, [*made[1:], END], strict=True))

    gc.collect()
    start = time.process_time()
    long: Any = new_class("Long", (Workflow,), {}, body)
    long.asl()
    return 1000 * (time.process_time() - start)


def main() -> None:
    """Print the ratios."""
    for package in ("handlers", "workflow"):
        compileall.compile_dir(ROOT / package, quiet=1)  # as an installation does
    payloads = SMALL.split("buy_fn, sell_fn")[0].replace("from workflow import", "# from workflow import")
    bare, dataclasses, given, built, checked = measure_programs(
        "pass", "import dataclasses, json", payloads, BUILD_PROGRAM, CHECK_PROGRAM
    )
    print(f"bare interpreter {1000 * median(bare):.0f} ms; dataclasses and json {ratio(dataclasses, bare):.1f} x")
    print(f"booking-sized, dataclasses: payloads alone {ratio(given, bare):.1f} x, built {ratio(built, bare):.1f} x")
    print(f"built and checked: {compare_with_limit(ratio(checked, bare), 5, 'x')}")
    contracts, booking = measure_programs("import handlers.contracts.messages", "import workflow.booking")
    more = median(whole - part for whole, part in zip(booking, contracts, strict=True))
    print(
        f"workflow.booking: contracts {1000 * median(contracts):.0f} ms + {compare_with_limit(1000 * more, 40, 'ms')}"
    )
    first, again, double = measure_first_check(2000), measure_check(2000), measure_check(4000)
    print(
        f"2 000 states, 50 expressions, checked: {compare_with_limit(first, 250, 'ms')} at first, {again:.0f} ms again"
    )
    print(f"4 000 states: {compare_with_limit(double / again, 2.2, 'x')}")
    small, large = (min(measure_build(states) for _ in range(3)) for states in (2000, 4000))
    print(f"2 000 states written in the language: {small:.0f} ms; 4 000: {compare_with_limit(large / small, 2.2, 'x')}")
    print(f"imported by building without models: {imported_packages(BUILD_PROGRAM) or 'neither pydantic nor jsonata'}")


if __name__ == "__main__":
    main()
