"""The cost of a stage's requests, from the facts of its synthesised definition, prices and recorded calls.

Pure computation: every line of a request is a list of terms, a quantity times a price (cli/cost_data.py). Costs that do
not grow with requests (keys, alarms, backups, storage, schedules) and those of the payment gateway are left out.

Longer than 250 lines so that each line's formula stays beside the facts that it uses.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from workflow.asl.definition import Definition, parse
from workflow.cost import costs, express_gb_seconds

from .command_errors import CommandFailed
from .cost_data import (
    ACCESS_LOG_BYTES,
    HISTORY_DATA_BYTES,
    HISTORY_EVENT_BYTES,
    HISTORY_EVENTS,
    PLATFORM_LOG_BYTES,
    PRICE_DATE,
    PRICE_REGION,
    PRICES,
    USAGE,
    RequestUsage,
)

CORE: Final = ("machine", "functions", "table", "audit")
OPTIONAL: Final = ("logs", "traces", "api", "events")
TYPES: Final = ("STANDARD", "EXPRESS")
BUDGET_PER_MILLION: Final = Decimal(10)
"""Dollars that machine, functions, table and audit may cost for a million requests in EXPRESS."""
_SECONDS_PER_MONTH: Final = 30 * 86_400
_GB: Final = Decimal(1_000_000_000)
_SMALL: Final = Decimal("0.001")
"""Prices below this many dollars are shown per million units."""


class Term(NamedTuple):
    """A quantity for each request and the price (a key of PRICES) of one unit of it."""

    quantity: Decimal
    price: str
    why: str = ""

    @property
    def dollars(self) -> Decimal:
        """The cost for one request."""
        return self.quantity * PRICES[self.price].dollars

    @property
    def formula(self) -> str:
        """The term for people."""
        price = PRICES[self.price]
        why = f" ({self.why})" if self.why else ""
        small = price.dollars < _SMALL
        cost = f"{_plain(price.dollars * 1_000_000)} per million" if small else _plain(price.dollars)
        return f"{price.unit}: {_plain(self.quantity)} × ${cost}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedStage:
    """The properties of a synthesised stage that decide its cost; see `read_facts`."""

    workflow_type: str
    definition: Definition
    functions: Mapping[str, tuple[int, str]]
    """Function (the module of its handler) → memory in MB and architecture."""
    indexes: frozenset[str]
    """Names of all indexes of its tables."""
    history_level: str
    logs_data: bool
    masks_log: bool
    traces: bool
    has_api: bool
    has_events: bool
    proves_callers: bool


def read_facts(resources: Iterable[tuple[str, Mapping[str, Any]]]) -> PricedStage:
    """Return the facts of a stage from its resources, each a type and its inputs.

    Raises:
        CommandFailed: there is not exactly one state machine, or a function of bookings is missing.
    """
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for type_, inputs in resources:
        by_type.setdefault(type_, []).append(inputs)
    machines = by_type.get("aws:sfn/stateMachine:StateMachine", [])
    if len(machines) != 1:
        raise CommandFailed(f"The program must have one state machine to be priced, got {len(machines)}.")
    machine = machines[0]
    logging: Mapping[str, Any] = machine.get("loggingConfiguration") or {}
    tracing: Mapping[str, Any] = machine.get("tracingConfiguration") or {}
    functions = dict(_function_facts(by_type.get("aws:lambda/function:Function", [])))
    if missing := sorted({*USAGE, "record"} - functions.keys()):
        raise CommandFailed(
            f"The program must have the functions of bookings to be priced; {', '.join(missing)} missing."
        )
    tables = by_type.get("aws:dynamodb/table:Table", [])
    return PricedStage(
        workflow_type=str(machine["type"]),
        definition=parse(machine["definition"]),
        functions=functions,
        indexes=frozenset(index["name"] for each in tables for index in each.get("globalSecondaryIndexes") or ()),
        history_level=str(logging.get("level", "OFF")),
        logs_data=bool(logging.get("includeExecutionData")),
        masks_log="aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy" in by_type,
        traces=bool(tracing.get("enabled")),
        has_api="aws:apigatewayv2/api:Api" in by_type and "api" in functions,
        has_events="aws:cloudwatch/eventBus:EventBus" in by_type and "publish" in functions,
        proves_callers=any(
            each.get("keyUsage") == "GENERATE_VERIFY_MAC" for each in by_type.get("aws:kms/key:Key", [])
        ),
    )


def price_stage(
    facts: PricedStage, action: str, milliseconds: Mapping[str, float], requests: int
) -> dict[str, dict[str, list[Term]]]:
    """Return the terms of each line, by workflow type and name; a stage without an API or events lacks these lines.

    `requests` are spread evenly over a month, which decides how many of them X-Ray samples.
    """
    path = successful_path(facts, action)
    usage = USAGE[action]
    shared = {
        "functions": [term for name in (action, "record") for term in _invocation(facts, name, milliseconds)],
        "table": _table_terms(facts, usage),
        "audit": [
            Term(Decimal(usage.audit_puts), "s3_put", "one object"),
            Term(Decimal(usage.audit_puts), "s3_get", "the seal function reads it"),
        ],
        "logs": _log_terms(facts, path, usage),
        "traces": [Term(_sampled_share(requests), "trace", "share that is sampled")] if facts.traces else [],
        "api": _api_terms(facts, milliseconds),
        "events": _event_terms(facts, usage, milliseconds),
    }
    seconds = milliseconds["machine"] / 1000
    machines = {
        "STANDARD": [Term(Decimal(len(path) + 1), "transition", "states and the start")],
        "EXPRESS": [
            Term(Decimal(1), "express_request"),
            Term(express_gb_seconds(seconds), "express_gb_second", f"{seconds:g} s rounded up to 0.1 s, × 64 MB"),
        ],
    }
    return {
        kind: {"machine": machines[kind]} | {name: shared[name] for name in shared if shared[name]} for kind in TYPES
    }


def successful_path(facts: PricedStage, action: str) -> tuple[str, ...]:
    """Return the states of a request that succeeds: the first path through the function that ends without an error."""
    types = {state.name: state.type for state in facts.definition.root.states}
    for cost in costs(facts.definition.value):
        if action in cost.states and "(caught)" not in cost.path and types[cost.states[-1]] == "Succeed":
            return cost.states
    raise CommandFailed(f"No path of the state machine runs through a state {action} and succeeds.")


def _invocation(facts: PricedStage, function: str, milliseconds: Mapping[str, float], times: int = 1) -> list[Term]:
    """Return the cost of a function, billed by memory and duration, rounded up to milliseconds."""
    memory, architecture = facts.functions[function]
    billed = math.ceil(milliseconds[function])
    why = f"{function}: {billed} ms × {memory} MB" + (f" × {times}" if times > 1 else "")
    return [
        Term(Decimal(times), "invocation", function),
        Term(Decimal(times * billed * memory) / 1000 / 1024, architecture, why),
    ]


def _table_terms(facts: PricedStage, usage: RequestUsage) -> list[Term]:
    index_writes = sum(count for name, count in usage.index_writes.items() if name in facts.indexes)
    why = f"{usage.item_write_units} of items + {index_writes} of indexes"
    return [
        Term(Decimal(usage.item_write_units + index_writes), "write_unit", why),
        Term(Decimal(usage.read_units), "read_unit"),
    ]


def _log_terms(facts: PricedStage, path: Sequence[str], usage: RequestUsage) -> list[Term]:
    states = {state.name: state.type for state in facts.definition.root.states}
    events = 2 + sum(HISTORY_EVENTS.get(states[name], 2) for name in path) if facts.history_level == "ALL" else 0
    history = events * (HISTORY_EVENT_BYTES + (HISTORY_DATA_BYTES if facts.logs_data else 0))
    functions = usage.function_log_bytes + 2 * PLATFORM_LOG_BYTES
    masked = [Term(history / _GB, "mask_gb", f"the machine's {history} bytes")] if facts.masks_log and history else []
    why = f"{history} bytes of the machine + {functions} of the functions"
    return [Term((history + functions) / _GB, "log_gb", why), *masked]


def _sampled_share(requests: int) -> Decimal:
    """Return the share of requests that X-Ray samples: the first of each second, and 5 % of the others.

    Source: AWS X-Ray developer guide, "Configuring sampling rules", default rule.
    """
    rate = Decimal(requests) / _SECONDS_PER_MONTH
    return (min(rate, Decimal(1)) + max(rate - 1, Decimal(0)) * Decimal("0.05")) / rate


def _api_terms(facts: PricedStage, milliseconds: Mapping[str, float]) -> list[Term]:
    """Return the cost of one call that starts a request. A later call for the result costs the same again."""
    if not facts.has_api:
        return []
    proofs = [Term(Decimal(2), "kms_request", "a proof made and verified")] if facts.proves_callers else []
    logged = ACCESS_LOG_BYTES + PLATFORM_LOG_BYTES
    logs = [Term(logged / _GB, "log_gb", f"{logged} bytes")]
    return [Term(Decimal(1), "api_request"), *_invocation(facts, "api", milliseconds), *proofs, *logs]


def _event_terms(facts: PricedStage, usage: RequestUsage, milliseconds: Mapping[str, float]) -> list[Term]:
    """Return the cost of publishing if each entry reaches the function in its own batch, the most expensive case."""
    if not facts.has_events:
        return []
    logged = usage.publish_log_bytes + usage.events * PLATFORM_LOG_BYTES
    return [
        Term(Decimal(usage.events), "event"),
        *_invocation(facts, "publish", milliseconds, usage.events),
        Term(usage.event_bytes / _GB, "archive_gb", f"{usage.event_bytes} bytes"),
        Term(logged / _GB, "log_gb", f"{logged} bytes"),
    ]


def describe_costs(
    facts: PricedStage, action: str, milliseconds: Mapping[str, float], requests: int, left_out: AbstractSet[str]
) -> dict[str, Any]:
    """Return the lines, totals and most expensive line of both types, in dollars for all requests."""
    priced = price_stage(facts, action, milliseconds, requests)
    each = {kind: {name: _sum(terms) for name, terms in lines.items()} for kind, lines in priced.items()}
    included = [name for name in priced["EXPRESS"] if name not in left_out]
    core = sum((each["EXPRESS"][name] for name in CORE), Decimal(0)) * 1_000_000
    return {
        "workflow_type": facts.workflow_type,
        "action": action,
        "requests": requests,
        "prices": {"region": PRICE_REGION, "date": PRICE_DATE, "list": _price_list(priced)},
        "milliseconds": dict(milliseconds),
        "lines": [
            {
                "name": name,
                "included": name in included,
                **{kind: _describe_line(priced[kind][name], requests) for kind in TYPES},
            }
            for name in priced["EXPRESS"]
        ],
        "totals": {
            kind: {"core": _total(each[kind], CORE, requests), "included": _total(each[kind], included, requests)}
            for kind in TYPES
        },
        "budget": {
            "dollars_per_million": float(BUDGET_PER_MILLION),
            "express_core_per_million": float(core),
            "met": core <= BUDGET_PER_MILLION,
        },
    }


def _describe_line(terms: Sequence[Term], requests: int) -> dict[str, Any]:
    return {"dollars": float(_sum(terms) * requests), "formula": [term.formula for term in terms]}


def _total(each: Mapping[str, Decimal], names: Sequence[str], requests: int) -> dict[str, Any]:
    """Return the total of these lines, and the most expensive one with its share in percent."""
    total = sum((each[name] for name in names), Decimal(0))
    dominant = max(names, key=lambda name: each[name])
    share = round(100 * each[dominant] / total)
    return {"dollars": float(total * requests), "dominant": dominant, "dominant_percent": share}


def _sum(terms: Iterable[Term]) -> Decimal:
    return sum((term.dollars for term in terms), Decimal(0))


def _function_facts(functions: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the module of each function's handler with its memory in MB and architecture."""
    for function in functions:
        module = str(function.get("handler") or "").rpartition(".")[0].rpartition(".")[2]
        yield module, (int(function.get("memorySize") or 128), str((function.get("architectures") or ["x86_64"])[0]))


def _price_list(priced: Mapping[str, Mapping[str, Sequence[Term]]]) -> dict[str, dict[str, Any]]:
    used = {term.price for lines in priced.values() for terms in lines.values() for term in terms}
    return {
        name: {
            "dollars": float(price.dollars),
            "unit": price.unit,
            "source": price.source,
            "compared_with": price.compared or None,
        }
        for name, price in PRICES.items()
        if name in used
    }


def _plain(number: Decimal) -> str:
    """Return a number in at most six significant digits, without an exponent or trailing zeros."""
    return f"{Decimal(f'{float(number):.6g}'):f}"
