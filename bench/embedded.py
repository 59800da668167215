"""Throughput of the embedded AWS and its memory: our machine against the same one with empty functions, in one run.

Both machines run in one embedded AWS and take turns. An empty function returns what ours returned for the same step, so
that both take the same path; it imports nothing and calls nothing. Rates are of purchases by 1 and by 8 clients, from
the executions' own times, because a client sees an end only when it asks. A turn ends when the events are published.
Memory is the growth of the instance's resident set over purchases beyond those whose history it keeps.

The goal for 8 clients, 0.8 of the empty functions, is missed: MiniStack is one interpreter that holds its lock while it
answers, and each purchase makes some ten calls of it that an empty function does not make. The limits here only keep
the figures from getting worse.
"""

import json
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
from tests.integration.shop import order, put_on_shelf

from ._figures import ROOT, Figure, Options, figure, ratio, take_turns

IS_LONG: Final = True
CLIENTS: Final = {1: 0.4, 8: 0.15}
"""Number of clients → the least ratio to empty functions: anything below has got worse. More would meet the limit of 10
concurrent executions that functions without a reservation share."""
MEMORY_KIB: Final = 80
"""The most that a further purchase may add: twice what its order, its audit object and its events did when measured."""
_PAUSE_SECONDS: Final = 0.05
"""Time between two questions of a client, the same on both sides."""
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
            time.sleep(_PAUSE_SECONDS)
        result = json.loads(ended.get("output", "{}"))
        assert result.get("status") == "succeeded", ended
        return (ended["stopDate"] - ended["startDate"]).total_seconds(), result

    def rate(self, clients: int, count: int) -> float:
        """Return the purchases per second that so many clients make together, without their pauses."""
        left, failures, taken = iter(range(count)), list[BaseException](), list[float]()
        lock = threading.Lock()

        def work() -> None:
            try:
                while True:
                    with lock:
                        if next(left, None) is None:
                            return
                    taken.append(self.purchase()[0])
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
        return clients * count / sum(taken)

    def wait_for_events(self, purchases: int) -> None:
        """Wait until what further purchases wrote is published; empty functions write nothing."""
        if not self.events_per_purchase:
            return
        self.published += purchases * self.events_per_purchase
        archive = self.stack.outputs["eventArchiveArn"].rpartition("/")[2]
        while self.stack.client("events").describe_archive(ArchiveName=archive)["EventCount"] < self.published:
            time.sleep(_PAUSE_SECONDS)


def figures(options: Options) -> Iterator[Figure]:
    """Yield the throughput of each number of clients, then the memory."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance.at(Path(folder))
        instance.start(wait_scale=0.1)
        try:
            ours = _deploy_ours(instance)
            empty = _Machine(_deploy_empty(instance, ours, Path(folder)))
            for clients in CLIENTS:
                yield from _compare(ours, empty, clients, max(3, options.rounds // 2))
            yield _memory(ours)
        finally:
            instance.stop()


def _compare(ours: _Machine, empty: _Machine, clients: int, rounds: int) -> Iterator[Figure]:
    count = max(10, 3 * clients)
    measures: dict[str, Callable[[], float]] = {
        "ours": lambda: ours.rate(clients, count),
        "empty": lambda: empty.rate(clients, count),
    }
    for measure in measures.values():
        measure()  # starts as many processes as the clients need
    taken = take_turns(rounds, measures)
    name = f"embedded AWS, {clients} client{'s' if clients > 1 else ''}: purchases per second"
    yield ratio(name, taken["ours"], taken["empty"], "empty functions", better="more", limit=CLIENTS[clients])
    yield figure(name, taken["ours"], "per s", better="more")


def _memory(ours: _Machine) -> Figure:
    instance, count = ours.stack.instance, 2000
    ours.rate(8, KEPT_EXECUTIONS)
    before = _resident_kib(instance)
    ours.rate(8, count)
    grown = (_resident_kib(instance) - before) / count
    return figure("embedded AWS: memory per further purchase", [grown], "KiB", limit=MEMORY_KIB)


def _resident_kib(instance: Instance) -> int:
    status = Path(f"/proc/{instance.pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])


def _deploy_ours(instance: Instance) -> _Machine:
    """Deploy our machine, with a purchase that shows how many events it publishes."""
    stack = DeployedStack(instance=instance, outputs=deploy(instance, ROOT / "__main__.py", "dev"))
    put_on_shelf(stack, _SKU, _PRICE_MINOR, 100_000)
    machine = _Machine(stack)
    _, result = machine.purchase()
    machine.events_per_purchase = len(order(stack, result["order_id"])["ledger"])
    machine.wait_for_events(1)
    return machine


def _deploy_empty(instance: Instance, ours: _Machine, folder: Path) -> DeployedStack:
    """Deploy the same machine with functions that return what ours return for a purchase."""
    machines = ours.stack.client("stepfunctions")
    definition = machines.describe_state_machine(stateMachineArn=ours.stack.outputs["stateMachineArn"])["definition"]
    answers = _answers(definition, machines.get_execution_history(executionArn=ours.stack.started[-1])["events"])
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
