"""Throughput of the embedded AWS and its memory: our machine against the same one with empty functions, in one run.

Both machines run in one embedded AWS and take turns. An empty function returns what ours returned for the same step, so
that both take the same path; it imports nothing and calls nothing. Rates are of purchases by 1 and by 8 clients.
Memory is the growth of the instance's resident set over purchases beyond those whose history it keeps.
"""

import json
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.drivers.in_process import deploy
from local.instance import Instance
from local.instance.retention import KEPT_EXECUTIONS
from local.pytest_plugin import DeployedStack

from ._figures import ROOT, Figure, Options, figure, ratio, take_turns

IS_LONG: Final = True
CLIENTS: Final = (1, 8)
"""More would meet the limit of 10 concurrent executions that functions without a reservation share."""
_SKU, _PRICE_MINOR = "BENCH", 800
_EMPTY: Final = "import json\nANSWER = json.loads({answer!r})\n\n\ndef handler(event, context):\n    return ANSWER\n"
_FUNCTION: Final = re.compile(r"arn:aws:lambda:[\w:.-]+")


@dataclass(frozen=True)
class _Machine:
    """A machine of a stack, and how many executions at a time it is given."""

    stack: DeployedStack

    def purchase(self) -> Mapping[str, Any]:
        """Make a purchase and return its result."""
        event = {
            "action": "purchase",
            "request_id": secrets.token_hex(8),
            "customer_id": f"bench-{secrets.token_hex(4)}",
            "currency": "EUR",
            "lines": [{"sku": _SKU, "quantity": 1, "unit_price_minor": _PRICE_MINOR}],
            "payment_method": "pm_ok",
        }
        result = self.stack.run(event).result
        assert result["status"] == "succeeded", result
        return result

    def rate(self, clients: int, count: int) -> float:
        """Return the purchases per second that so many clients make together."""
        left, failures = iter(range(count)), list[BaseException]()
        lock = threading.Lock()

        def work() -> None:
            try:
                while True:
                    with lock:
                        if next(left, None) is None:
                            return
                    self.purchase()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(clients)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return count / (time.perf_counter() - began)


def figures(options: Options) -> Iterator[Figure]:
    """Yield the throughput of each number of clients, then the memory."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance.at(Path(folder))
        instance.start(wait_scale=0.1)
        try:
            ours = _Machine(_deploy_ours(instance))
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
    limit: dict[str, Any] = {"limit": 0.8} if clients == 8 else {}
    name = f"embedded AWS, {clients} client{'s' if clients > 1 else ''}: purchases per second"
    yield ratio(name, taken["ours"], taken["empty"], "empty functions", better="more", **limit)
    yield figure(name, taken["ours"], "per s", better="more")


def _memory(ours: _Machine) -> Figure:
    instance, count = ours.stack.instance, 2000
    ours.rate(8, KEPT_EXECUTIONS)
    before = _resident_kib(instance)
    ours.rate(8, count)
    return figure("embedded AWS: memory per further purchase", [(_resident_kib(instance) - before) / count], "KiB")


def _resident_kib(instance: Instance) -> int:
    status = Path(f"/proc/{instance.pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])


def _deploy_ours(instance: Instance) -> DeployedStack:
    stack = DeployedStack(instance=instance, outputs=deploy(instance, ROOT / "__main__.py", "dev"))
    texts = {"pk": f"SKU#{_SKU}", "sku": _SKU, "currency": "EUR"}
    numbers = {"schema": 1, "price_minor": _PRICE_MINOR, "available": 100_000}
    item = {**{k: {"S": v} for k, v in texts.items()}, **{k: {"N": str(v)} for k, v in numbers.items()}}
    stack.client("dynamodb").put_item(TableName=stack.outputs["ordersTable"], Item=item)
    return stack


def _deploy_empty(instance: Instance, ours: _Machine, folder: Path) -> DeployedStack:
    """Deploy the same machine with functions that return what ours return for a purchase."""
    ours.purchase()
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
