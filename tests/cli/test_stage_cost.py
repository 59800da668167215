"""The cost of a stage equals a calculation by hand, and the recorded usage equals that of the handlers."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.command_errors import CommandFailed, UsageError
from cli.cost_data import MILLISECONDS, PRICE_REGION, PRICES, USAGE
from cli.main import run
from cli.stage_cost import durations_in, parse_duration
from cli.stage_pricing import CORE, TYPES, PricedStage, describe_costs, price_stage, read_facts, successful_path
from handlers.contracts.storage import ORDERS
from tests.components import golden
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.dynamodb.values import Item, size_of
from tests.handlers.world import World, purchase_of, refund_of
from workflow.booking import Booking

ROOT = Path(__file__).parents[2]
MILLION = 1_000_000
MACHINE = "aws:sfn/stateMachine:StateMachine"


@cache
def resources(stage: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return the reviewed resources of a stage, with the definition that the reviewed files omit."""
    names = {f"{name}_fn": f"arn:aws:lambda:eu-central-1:123456789012:function:{name}:1" for name in (*USAGE, "record")}
    values = names | {"parking": "https://sqs.example/parking", "task_seconds": 20, "execution_seconds": 300}
    definition = {"definition": json.dumps(Booking.asl(values, partition="aws"))}
    found = (
        (urn.split("::")[2].rpartition("$")[2], resource["inputs"]) for urn, resource in golden.read(stage).items()
    )
    return tuple((type_, {**inputs, **definition} if type_ == MACHINE else inputs) for type_, inputs in found)


def facts_of(stage: str = "prod") -> PricedStage:
    return read_facts(resources(stage))


def dollars_per_million(
    facts: PricedStage, action: str = "purchase", requests: int = MILLION
) -> dict[str, dict[str, float]]:
    lines = price_stage(facts, action, MILLISECONDS, requests)
    return {
        kind: {name: float(sum(term.dollars for term in terms) * MILLION) for name, terms in lines[kind].items()}
        for kind in TYPES
    }


def test_the_price_of_a_purchase_matches_the_price_pages() -> None:
    """It has 6 transitions, 400 ms of a 64 MB chunk, 137 ms of 512 MB, 14 writes, a read, a PUT and a GET."""
    priced = dollars_per_million(facts_of())
    assert priced["STANDARD"]["machine"] == pytest.approx(6 * 25)
    assert priced["EXPRESS"]["machine"] == pytest.approx(1 + 0.4 / 16 * 16.67)
    assert priced["EXPRESS"]["functions"] == pytest.approx(2 * 0.2 + (0.068 + 0.069) / 2 * 13.3334)
    assert priced["EXPRESS"]["table"] == pytest.approx(14 * 0.625 + 0.125)
    assert priced["EXPRESS"]["audit"] == pytest.approx(5 + 0.4)
    assert {name: priced["STANDARD"][name] for name in priced["STANDARD"] if name != "machine"} == {
        name: priced["EXPRESS"][name] for name in priced["EXPRESS"] if name != "machine"
    }


def test_the_core_exceeds_its_budget_and_reports_it() -> None:
    """The budget is $10 per million; the writes and the audit object alone cost more."""
    document = describe_costs(facts_of(), "purchase", MILLISECONDS, MILLION, frozenset())
    priced = dollars_per_million(facts_of())["EXPRESS"]
    assert document["budget"]["express_core_per_million"] == pytest.approx(sum(priced[name] for name in CORE))
    assert document["budget"]["met"] is False
    assert priced["table"] + priced["audit"] > document["budget"]["dollars_per_million"]
    assert document["totals"]["EXPRESS"]["core"]["dominant"] == "table"
    assert document["totals"]["STANDARD"]["included"]["dominant"] == "machine"


def test_the_page_of_the_command_states_the_current_figures() -> None:
    page = (ROOT / "docs" / "reference" / "command.md").read_text("utf-8")
    priced = dollars_per_million(facts_of())
    core = sum(priced["EXPRESS"][name] for name in CORE)
    stated = (core, priced["EXPRESS"]["table"], priced["EXPRESS"]["audit"], priced["EXPRESS"]["machine"])
    assert [f"${each:.2f}" for each in stated if f"${each:.2f}" not in page] == []


def test_cost_lines_depend_on_the_stage() -> None:
    """Lines without a resource are absent; logged data, memory and processor change the price."""
    facts = facts_of()
    small = replace(facts, has_api=False, has_events=False, traces=False, indexes=frozenset())
    assert set(facts_of("dev").functions) == set(facts.functions)
    assert dollars_per_million(small)["EXPRESS"].keys() == {*CORE, "logs"}
    assert dollars_per_million(small)["EXPRESS"]["table"] == pytest.approx(8 * 0.625 + 0.125)
    terse = replace(facts, logs_data=False)
    assert dollars_per_million(terse)["EXPRESS"]["logs"] < dollars_per_million(facts)["EXPRESS"]["logs"]
    larger = replace(facts, functions=dict.fromkeys(facts.functions, (1024, "x86_64")))
    expected = 2 * 0.2 + (0.068 + 0.069) * 16.6667
    assert dollars_per_million(larger)["EXPRESS"]["functions"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("requests", "dollars"), [(1, 5.0), (MILLION, 5.0), (30 * 86_400 * 10, 5 * (1 + 9 * 0.05) / 10)]
)
def test_traces_are_sampled_above_one_request_a_second(requests: int, dollars: float) -> None:
    assert dollars_per_million(facts_of(), requests=requests)["EXPRESS"]["traces"] == pytest.approx(dollars)


def test_an_excluded_line_is_shown_but_not_added() -> None:
    def costs_without(*excluded: str) -> dict[str, Any]:
        return describe_costs(facts_of(), "refund", MILLISECONDS, 2 * MILLION, set(excluded))

    api = next(line for line in costs_without("api")["lines"] if line["name"] == "api")
    assert not api["included"]
    full, reduced = (
        each["totals"]["EXPRESS"]["included"]["dollars"] for each in (costs_without(), costs_without("api"))
    )
    assert full - reduced == pytest.approx(api["EXPRESS"]["dollars"])
    assert api["EXPRESS"]["dollars"] == pytest.approx(2 * dollars_per_million(facts_of(), "refund")["EXPRESS"]["api"])


@pytest.mark.parametrize("action", USAGE)
def test_the_priced_path_is_the_one_without_errors(action: str) -> None:
    assert successful_path(facts_of(), action) == ("route", action, "record", "verdict", "completed")


def test_a_program_without_bookings_is_rejected() -> None:
    with pytest.raises(CommandFailed, match="must have one state machine to be priced, got 0"):
        read_facts([])
    machines = [each for each in resources("prod") if each[0] == MACHINE]
    with pytest.raises(CommandFailed, match="purchase, record, refund missing"):
        read_facts(machines)


def test_every_price_has_a_source_and_a_region() -> None:
    assert PRICE_REGION == "us-east-1"
    assert all(price.dollars > 0 and price.source.startswith("aws.amazon.com/") for price in PRICES.values())


@pytest.mark.parametrize("text", ["purchase", "purchase=", "purchase=fast", "purchase=0", "shop=5", "purchase=-1"])
def test_an_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(UsageError, match="--ms must be NAME=MS"):
        parse_duration(text)
    assert parse_duration("purchase=12.5") == ("purchase", 12.5)


def test_durations_are_read_from_the_reports_of_lambda() -> None:
    report = "REPORT RequestId: 7\tDuration: 52.5 ms\tBilled Duration: 53 ms\tMemory Size: 512 MB"
    assert durations_in(["START RequestId: 7", '{"step": "purchase"}', report, "END RequestId: 7"]) == [52.5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--without", "table"], "--without must be logs or traces or api or events, got table."),
        (["--action", "capture"], "--action must be purchase or refund, got capture."),
    ],
)
def test_an_unknown_choice_is_rejected(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(["stage-cost", *arguments]) == 64
    assert capsys.readouterr().err.strip() == message


def test_the_verb_prices_the_synthesised_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are those of the reviewed resources. Only this test runs the program, which takes two seconds.

    Unlike the reviewed stage, the repository's has no issuer, and so neither an API nor its price.
    """
    monkeypatch.chdir(ROOT)
    assert run(["stage-cost", "--stage", "prod", "--ms", "purchase=100", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    expected = price_stage(facts_of(), "purchase", {**MILLISECONDS, "purchase": 100}, MILLION)
    lines = {line["name"]: line["EXPRESS"]["formula"] for line in document["lines"]}
    assert {name: lines[name] for name in CORE} == {
        name: [term.formula for term in expected["EXPRESS"][name]] for name in CORE
    }
    assert lines.keys() == expected["EXPRESS"].keys() - {"api"}
    assert document["durations_source"].startswith("given: purchase; others: medians of the tour")


class TickingClock(FakeClock):
    """Advances a millisecond with every call, so that each change has its own time."""

    def __call__(self) -> datetime:
        self.advance(timedelta(milliseconds=1))
        return self.now


@dataclass
class MeteredDynamoDB(FakeDynamoDB):
    """Count the units that AWS would bill for orders and stock."""

    units: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        FakeDynamoDB.__init__(self)

    def get_item(self, **request: Any) -> dict[str, Any]:
        answer = super().get_item(**request)
        if request["TableName"] == "orders":
            self.units["read"] += math.ceil(size_of(answer["Item"]) / 4096)
        return answer

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._meter_write("put_item", 1, request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        return self._meter_write("update_item", 1, request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        return self._meter_write("transact_write_items", 2, request)

    def _meter_write(self, operation: str, factor: int, request: dict[str, Any]) -> dict[str, Any]:
        before = len(self.streams.get("orders", ()))
        answer: dict[str, Any] = getattr(super(), operation)(**request)
        for change in self.streams.get("orders", ())[before:]:
            old, new = (change["dynamodb"].get(image, {}) for image in ("OldImage", "NewImage"))
            self.units["items"] += factor * math.ceil(max(size_of(old), size_of(new)) / 1024)
            self.units.update(_index_writes(old, new))
        return answer


def _index_writes(old: Item, new: Item) -> Iterator[str]:
    """Yield an index for each entry that is written or deleted; our indexes contain only keys."""
    for index in ORDERS.indexes:
        keys = [tuple(str(item.get(key)) for key in (index.hash_key, index.range_key)) for item in (old, new)]
        if keys[0] != keys[1]:
            yield from (index.name for item in (old, new) if index.hash_key in item)


@pytest.mark.parametrize("action", USAGE)
def test_recorded_usage_matches_the_handlers(action: str) -> None:
    """Bytes of log lines may differ by a tenth, because names differ between stages."""
    dynamodb = MeteredDynamoDB()
    world = World(clock=TickingClock(), dynamodb=dynamodb)
    world.stock(MUG=(800, 2000))
    request = purchase_of(MUG=(2, 800))
    if action == "refund":
        request = refund_of(world.book(request)["order_id"], amount_minor=300)
    for recorded in (dynamodb.units, world.calls, world.lines, dynamodb.streams.setdefault("orders", [])):
        recorded.clear()
    assert world.book(request)["status"] == "succeeded"
    usage, units = USAGE[action], dynamodb.units
    assert units["items"] == usage.item_write_units
    assert {index.name: units[index.name] for index in ORDERS.indexes if units[index.name]} == usage.index_writes
    assert units["read"] == usage.read_units
    assert world.calls.count("put_object audit") == usage.audit_puts
    assert _bytes(world) == pytest.approx(usage.function_log_bytes, rel=0.1)
    world.lines.clear()
    world.publish()
    details = [json.dumps(event["detail"], separators=(",", ":")) for event in world.events.events]
    assert len(details) == usage.events
    assert sum(map(len, details)) == pytest.approx(usage.event_bytes, rel=0.1)
    assert _bytes(world) == pytest.approx(usage.publish_log_bytes, rel=0.1)


def _bytes(world: World) -> int:
    return sum(len(line) for line in world.lines)
