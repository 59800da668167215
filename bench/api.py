"""The cost of the API: `POST /v1/orders` against the calls of Step Functions that it stands for, in one run.

One embedded AWS has two stages, a STANDARD and an EXPRESS one, which take turns. Times are wall times, because most of
a call is waiting; both sides of a ratio wait for the same machine. A purchase is the same on both sides, and so is the
check of its result. Through the API it also costs a check of the token, an invocation of a function, a MAC and its
verification.
"""

import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import urllib3

from local.drivers.in_process import deploy
from local.instance import Instance
from local.instance.token_issuer import issue_token
from local.pytest_plugin import DeployedStack
from tests.integration.shop import set_stock
from tests.integration.stage_values import EXPRESS, PROGRAM

from ._figures import Figure, Options, ratio, take_turns

IS_LONG: Final = True
_SKU, _PRICE_MINOR = "BENCH", 800
_BODY: Final = {
    "currency": "EUR",
    "lines": [{"sku": _SKU, "quantity": 1, "unit_price_minor": _PRICE_MINOR}],
    "payment_method": "pm_ok",
}


@dataclass(frozen=True)
class _Stage:
    """A deployed stage, with a client of each door."""

    stack: DeployedStack

    @cached_property
    def _machine(self) -> Any:  # boto3's clients have no common type
        return self.stack.client("stepfunctions")

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        return urllib3.PoolManager(ca_certs=str(self.stack.instance.certificate))

    @cached_property
    def _token(self) -> str:
        return issue_token(self.stack.instance.folder, "bench", ["customer"])

    def begin(self) -> float:
        """Return the seconds of a POST alone, which a STANDARD machine answers while it runs."""
        return _time(lambda: self._call("POST", "/v1/orders", _BODY))

    def purchase(self) -> float:
        """Return the seconds of a purchase through the API, to its result."""

        def buy() -> None:
            status, answer, location = self._call("POST", "/v1/orders", _BODY)
            while status == 202:
                status, answer, _ = self._call("GET", location)
            assert answer["status"] == "succeeded", answer

        return _time(buy)

    def start(self) -> float:
        """Return the seconds of StartExecution alone."""
        return _time(lambda: self._machine.start_execution(**self._request()))

    def start_and_describe(self) -> float:
        """Return the seconds of StartExecution, and DescribeExecution until the end."""

        def run() -> None:
            arn = self._machine.start_execution(**self._request())["executionArn"]
            while (ended := self._machine.describe_execution(executionArn=arn))["status"] == "RUNNING":
                pass
            assert json.loads(ended["output"])["status"] == "succeeded", ended

        return _time(run)

    def start_sync(self) -> float:
        """Return the seconds of StartSyncExecution."""

        def run() -> None:
            ended = self._machine.start_sync_execution(**self._request())
            assert json.loads(ended["output"])["status"] == "succeeded", ended

        return _time(run)

    def _request(self) -> Mapping[str, str]:
        key = secrets.token_hex(8)
        event = {"action": "purchase", "request_id": key, "customer_id": "bench", **_BODY}
        return {"stateMachineArn": self.stack.outputs["stateMachineArn"], "name": key, "input": json.dumps(event)}

    def _call(self, method: str, path: str, body: Any = None) -> tuple[int, Mapping[str, Any], str]:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        headers |= {"idempotency-key": secrets.token_hex(8)} if body is not None else {}
        content = None if body is None else json.dumps(body).encode()
        reply = self._pool.request(method, self.stack.outputs["apiUrl"] + path, body=content, headers=headers)
        assert reply.status in (200, 202), reply.data
        return reply.status, json.loads(reply.data), reply.headers.get("location", "")


def figures(options: Options) -> Iterator[Figure]:
    """Yield the ratios of both types of machine."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance.at(Path(folder))
        instance.start()
        try:
            standard, express = _deploy(instance, "dev", {}), _deploy(instance, "staging", EXPRESS)
            yield from _compare(standard, express, 3 * options.rounds)
        finally:
            instance.stop()


def _compare(standard: _Stage, express: _Stage, rounds: int) -> Iterator[Figure]:
    measures = {
        "post": standard.begin,
        "start": standard.start,
        "bought": standard.purchase,
        "described": standard.start_and_describe,
        "posted": express.purchase,
        "sync": express.start_sync,
    }
    for measure in measures.values():
        measure()  # the first call of each function starts its process
    times = take_turns(rounds, measures)
    yield ratio("POST /v1/orders, STANDARD: accepted", times["post"], times["start"], "StartExecution")
    described = "StartExecution, DescribeExecution"
    yield ratio("POST /v1/orders, STANDARD: with its result", times["bought"], times["described"], described)
    yield ratio("POST /v1/orders, EXPRESS", times["posted"], times["sync"], "StartSyncExecution")


def _deploy(instance: Instance, stage: str, config: Mapping[str, Any]) -> _Stage:
    stack = DeployedStack(instance=instance, outputs=deploy(instance, PROGRAM, stage, config))
    set_stock(stack, _SKU, _PRICE_MINOR, 100_000)
    return _Stage(stack)


def _time(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
