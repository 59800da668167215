"""Bursts of purchases through the embedded AWS: their outcomes and the slowest time (law 45).

python -m tests.soak.burst                      200 purchases by 32 clients, and by 200; of many SKUs, and of one
python -m tests.soak.burst --purchases 50 --clients 8 50

Waits and back-off take their real time. The functions of stage dev share the quota of a new account: ten at a time.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.drivers.in_process import deploy
from local.instance import Instance
from local.pytest_plugin import DeployedStack, Execution
from tests.integration.shop import available, set_stock

PURCHASES = 200
CLIENTS = (32, 200)
"""The clients of a burst: as many as a busy shop has, and as many as there are purchases, so that all come at once."""
SKUS = 50
PRICE_MINOR = 1250
LIFE_SECONDS = 320
"""An execution lives for 300 seconds (workflow/booking.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Purchases of one unit each, by clients that wait for their answer before they send the next purchase."""

    name: str
    purchases: int
    clients: int
    skus: tuple[str, ...]

    def request(self, number: int) -> dict[str, Any]:
        """Return one of the purchases."""
        line = {"sku": self.skus[number % len(self.skus)], "quantity": 1, "unit_price_minor": PRICE_MINOR}
        return {
            "action": "purchase",
            "request_id": f"{self.name}-{number}",
            "customer_id": f"customer-{number}",
            "currency": "EUR",
            "lines": [line],
            "payment_method": "pm_ok",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstReport:
    """The answers of a burst, the seconds that each took, and the units that are left."""

    burst: Burst
    answers: Counter[str]
    errors: Counter[str]
    """The errors of the tasks of those that did not succeed."""
    seconds: tuple[float, ...]
    total_seconds: float
    left: int

    def line(self) -> str:
        """Return the report as one line."""
        ordered = sorted(self.seconds)
        median, slowest = ordered[len(ordered) // 2], ordered[-1]
        counts = ", ".join(f"{count} {answer}" for answer, count in self.answers.most_common())
        how = f"{self.burst.purchases} purchases, {self.burst.clients} clients, {len(self.burst.skus)} SKUs"
        errors = "".join(f"; {count} {error}" for error, count in self.errors.most_common())
        times = f"median {median:.1f} s, slowest {slowest:.1f} s, all in {self.total_seconds:.0f} s"
        return f"{how}: {counts}; {times}{errors}"

    def broken(self) -> list[str]:
        """List the claims that do not hold; empty is as it should be."""
        claims = {
            "every purchase succeeded": self.answers == {"succeeded": self.burst.purchases},
            "each took one unit from stock": self.left == 0,
        }
        return [claim for claim, holds in claims.items() if not holds]


def bursts(purchases: int, clients: Sequence[int]) -> Iterator[Burst]:
    """Yield a burst of many SKUs and one of a single SKU for each number of clients."""
    for number in clients:
        for skus in (SKUS, 1):
            name = f"burst-{number}-{skus}"
            names = tuple(f"{name}-{sku}" for sku in range(min(skus, purchases)))
            yield Burst(name=name, purchases=purchases, clients=min(number, purchases), skus=names)


def run_burst(stack: DeployedStack, burst: Burst) -> BurstReport:
    """Stock the needed units, send the purchases, and wait for every answer."""
    wanted = Counter(burst.request(number)["lines"][0]["sku"] for number in range(burst.purchases))
    for sku, units in wanted.items():
        set_stock(stack, sku, PRICE_MINOR, units)
    began = time.monotonic()
    with ThreadPoolExecutor(burst.clients) as pool:
        answered = [*pool.map(lambda number: _buy(stack, burst.request(number)), range(burst.purchases))]
    total_seconds = time.monotonic() - began
    return BurstReport(
        burst=burst,
        answers=Counter(_answer(ended) for ended, _ in answered),
        errors=Counter(
            error for ended, _ in answered if ended.status != "SUCCEEDED" for error in _errors(stack, ended)
        ),
        seconds=tuple(seconds for _, seconds in answered),
        total_seconds=total_seconds,
        left=sum(available(stack, sku) for sku in wanted),
    )


def _buy(stack: DeployedStack, request: dict[str, Any]) -> tuple[Execution, float]:
    began = time.monotonic()
    return stack.run(request, timeout_seconds=LIFE_SECONDS), time.monotonic() - began


def _answer(ended: Execution) -> str:
    result = ended.result if isinstance(ended.output or ended.cause, dict) else {"status": ended.status}
    return f"{result['status']} {result.get('code') or ''}".strip()


def _errors(stack: DeployedStack, ended: Execution) -> Iterator[str]:
    pages = stack.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=ended.arn)
    for event in (event for page in pages for event in page["events"]):
        details = event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails")
        if details:
            yield str(details.get("error"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.burst", description=__doc__)
    parser.add_argument("--purchases", type=int, default=PURCHASES)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    arguments = parser.parse_args()
    broken = False
    with tempfile.TemporaryDirectory(prefix="burst-") as folder:
        instance = Instance.at(Path(folder))
        instance.start()
        try:
            outputs = deploy(instance, Path(__file__).parents[2] / "__main__.py", stage="dev")
            stack = DeployedStack(instance=instance, outputs=outputs)
            for burst in bursts(arguments.purchases, arguments.clients):
                report = run_burst(stack, burst)
                print("\n".join([report.line(), *(f"BROKEN: {claim}" for claim in report.broken())]), flush=True)
                broken = broken or bool(report.broken())
        finally:
            instance.stop()
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
