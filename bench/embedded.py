"""Throughput of the embedded AWS and its memory: our machine against the same one with empty functions, in one run.

Both machines run in one embedded AWS and take turns. An empty function returns what ours returned for the same step, so
that both take the same path; it imports nothing and calls nothing. Rates are of purchases by 1 and by 8 clients, from
the executions' own times, because a client sees an end only when it asks. A turn ends when the events are published.
With 8 clients the CPU time of a purchase is told apart: MiniStack's process, those of the functions, and the clients.
Memory is the growth of the instance's resident set over purchases beyond those whose history it keeps.

The goal for 8 clients, 0.8 of the empty functions, is missed: MiniStack is one interpreter that holds its lock while it
answers, and each purchase makes some ten calls of it that an empty function does not make. Where cores are busy, what
the functions' own code needs sets a ceiling that no change of MiniStack can pass: about a half. The
limits here only keep the figures from getting worse.
"""

import contextlib
import json
import os
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from local.drivers.in_process import deploy
from local.instance import Instance
from local.instance.retention import KEPT_EXECUTIONS
from local.pytest_plugin import DeployedStack
from tests.integration.shop import order, set_stock

from ._figures import ROOT, Figure, Options, figure, ratio, take_turns

IS_LONG: Final = True
CLIENTS: Final = {1: 0.4, 8: 0.15}
"""Number of clients → the minimum ratio to empty functions.

More clients would reach the limit of 10 concurrent executions that functions without a reservation share.
"""
MEMORY_KIB: Final = 80
"""The maximum that a further purchase may add: twice the measured size of its order, audit object and events."""
_POLL_SECONDS: Final = 0.05
"""A client's polling interval, the same on both sides."""
_TIMEOUT_SECONDS: Final = 600
"""Time after which events count as lost, so that the benchmark ends."""
_SPENDERS: Final = ("MiniStack", "functions", "clients")
_SKU, _PRICE_MINOR = "BENCH", 800
_EMPTY: Final = "import json\nANSWER = json.loads({answer!r})\n\n\ndef handler(event, context):\n    return ANSWER\n"
_FUNCTION: Final = re.compile(r"arn:aws:lambda:[\w:.-]+")


@dataclass
class _Machine:
    """A machine of a stack, and the events of its purchases."""

    stack: DeployedStack
    events_per_purchase: int = 0
    published: int = 0

    @cached_property
    def _client(self) -> Any:  # boto3's clients have no common type
        return self.stack.client("stepfunctions")

    def purchase(self) -> tuple[float, Mapping[str, Any]]:
        """Make a purchase, and return the seconds that it took and its result."""
        execution = self.stack.start(
            {
                "action": "purchase",
                "request_id": secrets.token_hex(8),
                "customer_id": f"bench-{secrets.token_hex(4)}",
                "currency": "EUR",
                "lines": [{"sku": _SKU, "quantity": 1, "unit_price_minor": _PRICE_MINOR}],
                "payment_method": "pm_ok",
            }
        )
        while (ended := self._client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(_POLL_SECONDS)
        result = json.loads(ended.get("output", "{}"))
        assert result.get("status") == "succeeded", ended
        return (ended["stopDate"] - ended["startDate"]).total_seconds(), result

    def rate(self, clients: int, count: int) -> float:
        """Return the purchases per second that so many clients make together, without their pauses."""
        numbers, failures, times = iter(range(count)), list[BaseException](), list[float]()
        lock = threading.Lock()

        def work() -> None:
            try:
                while True:
                    with lock:
                        if next(numbers, None) is None:
                            return
                    times.append(self.purchase()[0])
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        self.wait_for_events(count)
        return clients * count / sum(times)

    def wait_for_events(self, purchases: int) -> None:
        """Wait until what further purchases wrote is published; empty functions write nothing."""
        if not self.events_per_purchase:
            return
        self.published += purchases * self.events_per_purchase
        archive = self.stack.outputs["eventArchiveArn"].rpartition("/")[2]
        ends = time.monotonic() + _TIMEOUT_SECONDS
        while (
            count := self.stack.client("events").describe_archive(ArchiveName=archive)["EventCount"]
        ) < self.published:
            assert time.monotonic() < ends, f"{self.published - count} events are missing in the archive"
            time.sleep(_POLL_SECONDS)


def figures(options: Options) -> Iterator[Figure]:
    """Yield the throughput of each number of clients, then the memory."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance.at(Path(folder))
        instance.start(wait_scale=0.1)
        try:
            booking = _deploy_booking(instance)
            empty = _Machine(_deploy_empty(instance, booking, Path(folder)))
            rounds = max(3, options.rounds // 2)
            for clients in CLIENTS:
                yield from _compare(booking, empty, clients, rounds)
            yield from _compare_cpu(booking, empty, rounds)
            yield _memory(booking)
        finally:
            instance.stop()


def _compare(booking: _Machine, empty: _Machine, clients: int, rounds: int) -> Iterator[Figure]:
    count = max(10, 3 * clients)
    measures: dict[str, Callable[[], float]] = {
        "ours": lambda: booking.rate(clients, count),
        "empty": lambda: empty.rate(clients, count),
    }
    for measure in measures.values():
        measure()  # starts as many processes as the clients need
    rates = take_turns(rounds, measures)
    name = f"embedded AWS, {clients} client{'s' if clients > 1 else ''}: purchases per second"
    yield ratio(name, rates["ours"], rates["empty"], "empty functions", better="more", limit=CLIENTS[clients])
    yield figure(name, rates["ours"], "per s", better="more")


def _compare_cpu(booking: _Machine, empty: _Machine, rounds: int) -> Iterator[Figure]:
    """Yield the CPU time of a purchase by process, and the throughput limit that the functions' share implies."""
    spent = take_turns(rounds, {"ours": lambda: _spend(booking), "empty": lambda: _spend(empty)})
    name = "embedded AWS, 8 clients: CPU per purchase"
    for spender in _SPENDERS:
        yield figure(f"{name}, {spender}", [each[spender] for each in spent["ours"]], "ms")
        yield figure(f"{name}, {spender}, empty functions", [each[spender] for each in spent["empty"]], "ms")
    floors = [sum(each.values()) for each in spent["empty"]]
    lower_bounds = [
        floor - none["functions"] + own["functions"]
        for floor, none, own in zip(floors, spent["empty"], spent["ours"], strict=True)
    ]
    ceiling = "embedded AWS, 8 clients: purchases per second, if calls of functions cost MiniStack nothing"
    yield ratio(ceiling, floors, lower_bounds, "empty functions", better="more")


def _spend(machine: _Machine) -> dict[str, float]:
    """Return the milliseconds of CPU time of a purchase, by process."""
    count, before = 24, _cpu_seconds(machine.stack.instance)
    machine.rate(8, count)
    after = _cpu_seconds(machine.stack.instance)
    return {spender: (after[spender] - before[spender]) / count * 1000 for spender in _SPENDERS}


def _cpu_seconds(instance: Instance) -> dict[str, float]:
    """Return the CPU seconds so far of MiniStack's process, of its children and of this process. Source: proc(5)."""
    own, functions, ticks = 0, 0, os.sysconf("SC_CLK_TCK")
    for process, fields in _process_table().items():
        if process == instance.pid:
            own, functions = own + sum(fields[11:13]), functions + sum(fields[13:15])  # itself, and ended children
        elif fields[1] == instance.pid:
            functions += sum(fields[11:15])
    return {"MiniStack": own / ticks, "functions": functions / ticks, "clients": time.process_time()}


def _process_table() -> dict[int, list[int]]:
    """Return the fields of each process behind its name: the state as 0, then its parent, and so on."""
    found = dict[int, list[int]]()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = file.read_text("utf-8", errors="replace").rpartition(")")[2].split()
            found[int(file.parent.name)] = [0, *map(int, fields[1:])]
    return found


def _memory(booking: _Machine) -> Figure:
    instance, count = booking.stack.instance, 2000
    booking.rate(8, KEPT_EXECUTIONS)
    before = _resident_kib(instance)
    booking.rate(8, count)
    grown = (_resident_kib(instance) - before) / count
    return figure("embedded AWS: memory per further purchase", [grown], "KiB", limit=MEMORY_KIB)


def _resident_kib(instance: Instance) -> int:
    status = Path(f"/proc/{instance.pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])


def _deploy_booking(instance: Instance) -> _Machine:
    """Deploy our machine, with a purchase that shows how many events it publishes."""
    stack = DeployedStack(instance=instance, outputs=deploy(instance, ROOT / "__main__.py", "dev"))
    set_stock(stack, _SKU, _PRICE_MINOR, 100_000)
    machine = _Machine(stack)
    _, result = machine.purchase()
    machine.events_per_purchase = len(order(stack, result["order_id"])["ledger"])
    machine.wait_for_events(1)
    return machine


def _deploy_empty(instance: Instance, booking: _Machine, folder: Path) -> DeployedStack:
    """Deploy the same machine with functions that return what ours return for a purchase."""
    machines = booking.stack.client("stepfunctions")
    definition = machines.describe_state_machine(stateMachineArn=booking.stack.outputs["stateMachineArn"])["definition"]
    answers = _answers(definition, machines.get_execution_history(executionArn=booking.stack.started[-1])["events"])
    packages = {}
    for number, arn in enumerate(sorted(set(_FUNCTION.findall(definition)))):
        package = folder / f"empty-{number}"
        package.mkdir()
        (package / "empty.py").write_text(_EMPTY.format(answer=json.dumps(answers.get(arn))), "utf-8")
        packages[arn] = str(package)
    config = {"definition": definition, "packages": json.dumps(packages)}
    program = Path(__file__).with_name("_empty_functions.py")
    return DeployedStack(instance=instance, outputs=deploy(instance, program, "bench", config))


def _answers(definition: str, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what each function returned in an execution, by its ARN."""
    states, found, state = json.loads(definition)["States"], dict[str, Any](), ""
    for event in events:
        if entered := event.get("stateEnteredEventDetails"):
            state = entered["name"]
        elif succeeded := event.get("taskSucceededEventDetails"):
            [arn] = _FUNCTION.findall(json.dumps(states[state]))
            found[arn] = json.loads(succeeded["output"])["Payload"]
    return found
