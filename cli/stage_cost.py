"""`booking stage-cost`: the cost of a stage's requests, with the formula of each line.

The program of this folder runs without any AWS, for the stage's own configuration: types, memory, indexes, logs,
traces, API and events are those that would be deployed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from .command_errors import CommandFailed, UsageError
from .cost_data import MILLISECONDS, MILLISECONDS_SOURCE, USAGE
from .output import JsonOption, show, table
from .stage_pricing import OPTIONAL, TYPES, describe_costs, read_facts
from .target import InstanceOption, embedded_target, local_instance

_ALERTS: Final = {"booking:alertRecipientRequired": "false"}
"""Allows a stage without alert recipients, which do not affect the cost."""
_REPORT: Final = re.compile(r"^REPORT .*?\bDuration: ([\d.]+) ms")


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("stage-cost")(stage_cost)


def stage_cost(
    stage: Annotated[str, typer.Option("--stage", help="Stage to price, from Pulumi.<stage>.yaml.")] = "dev",
    per: Annotated[int, typer.Option("--per", min=1, help="Number of requests in a month.")] = 1_000_000,
    action: Annotated[str, typer.Option("--action", help="Request to price: purchase or refund.")] = "purchase",
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave out logs, traces, api or events (repeatable).")
    ] = None,
    durations: Annotated[
        list[str] | None,
        typer.Option("--ms", metavar="NAME=MS", help=f"Duration of {', '.join(MILLISECONDS)} in ms (repeatable)."),
    ] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Take the functions' durations from the logs of the embedded AWS.")
    ] = False,
    as_json: JsonOption = False,
    instance: InstanceOption = "default",
) -> None:
    """Price a stage's requests in STANDARD and EXPRESS, each line with its formula, without any AWS.

    The definition is synthesised from the program of this folder. Without --ms or --measured, durations are defaults.
    """
    left_out = set(_choose("--without", without or (), OPTIONAL))
    _choose("--action", [action], tuple(USAGE))
    overrides = dict(parse_duration(each) for each in durations or ())
    found = measure_durations(instance) if measured else {}
    facts = read_facts(_synthesise(stage))
    milliseconds = {**MILLISECONDS, **found, **overrides}
    document = describe_costs(facts, action, milliseconds, per, left_out)
    document = {"stage": stage, **document, "durations_source": _source_of(found, overrides)}
    show(as_json, document, lambda console: _draw(console, document))


def parse_duration(text: str) -> tuple[str, float]:
    """Return the name and the milliseconds of `NAME=MS`."""
    name, _, value = text.partition("=")
    if name not in MILLISECONDS or not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) or not float(value):
        raise UsageError(f"--ms must be NAME=MS, a name of {', '.join(MILLISECONDS)} and more than 0 ms, got {text!r}.")
    return name, float(value)


def measure_durations(instance: str) -> dict[str, float]:
    """Return the median duration in milliseconds of each function's warm invocations in the embedded AWS."""
    if not local_instance(instance).is_running:
        raise CommandFailed("--measured reads the logs of the embedded AWS, which is not running. Run `booking up`.")
    target = embedded_target(instance)
    logs, found = target.client("logs"), dict[str, float]()
    for name in MILLISECONDS:
        function = target.outputs.get(f"{name}Function")
        times = _logged_durations(logs, target.client("lambda"), function) if isinstance(function, str) else []
        if len(times) > 1:
            found[name] = median(times[1:])  # the first invocation is a cold start
    if not found:
        raise CommandFailed("No function has run twice in the embedded AWS. Run `booking up`, which takes a tour.")
    return found


def _logged_durations(logs: Any, functions: Any, function: str) -> list[float]:
    group = functions.get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return durations_in(event["message"] for page in pages for event in page["events"])


def durations_in(messages: Iterable[str]) -> list[float]:
    """Return the durations in milliseconds that Lambda reports in a function's log, in the order of the log."""
    return [float(found.group(1)) for each in messages if (found := _REPORT.search(each))]


def _synthesise(stage: str) -> list[tuple[str, Mapping[str, Any]]]:
    from local.drivers.synthesis import synthesise  # imports Pulumi, which takes a second
    from local.errors import DeploymentFailed

    from .lifecycle import find_program

    try:
        return [(each.type, each.inputs) for each in synthesise(find_program(), stage, _ALERTS)]
    except DeploymentFailed as error:
        raise CommandFailed(str(error)) from error


def _choose(option: str, chosen: Iterable[str], allowed: Sequence[str]) -> list[str]:
    wrong = [each for each in chosen if each not in allowed]
    if wrong:
        raise UsageError(f"{option} must be {' or '.join(allowed)}, got {', '.join(wrong)}.")
    return list(chosen)


def _source_of(found: Mapping[str, float], overrides: Mapping[str, float]) -> str:
    parts = [f"given: {', '.join(overrides)}"] if overrides else []
    parts += [f"measured in the embedded AWS: {', '.join(found)}"] if found else []
    return "; ".join([*parts, f"others: {MILLISECONDS_SOURCE}" if parts else MILLISECONDS_SOURCE])


def _draw(console: Console, document: Mapping[str, Any]) -> None:
    rows: list[Sequence[str]] = [
        (
            line["name"] if line["included"] else f"({line['name']})",
            *(f"{line[kind]['dollars']:,.2f}" for kind in TYPES),
        )
        for line in document["lines"]
    ]
    totals = document["totals"]
    rows += [(name, *(f"{totals[kind][name]['dollars']:,.2f}" for kind in TYPES)) for name in ("core", "included")]
    console.print(
        f"{document['requests']:,} {document['action']}s, US dollars; stage {document['stage']} is "
        f"{document['workflow_type']}."
    )
    console.print(table("", ("", *TYPES), rows, right=TYPES))
    console.print("core = machine, functions, table and audit; lines in brackets are left out.\n")
    console.print(table("Formulae, for each request", ("", ""), _formula_rows(document)))
    for kind in TYPES:
        shares = [
            f"{each['dominant']} is {each['dominant_percent']} % of {name}" for name, each in totals[kind].items()
        ]
        console.print(f"{kind}: {', '.join(shares)}.")
    console.print(_budget_message(document["budget"]), soft_wrap=True)
    prices = document["prices"]
    console.print(f"Prices: {prices['region']}, {prices['date']}, first tier; sources with --json.", soft_wrap=True)
    times = ", ".join(f"{name} {ms:g} ms" for name, ms in document["milliseconds"].items())
    console.print(f"Durations: {times} ({document['durations_source']}).", soft_wrap=True)


def _formula_rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for line in document["lines"]:
        kinds = TYPES if line["name"] == "machine" else TYPES[1:]
        for kind in kinds:
            name = f"{line['name']}, {kind}" if len(kinds) > 1 else line["name"]
            rows.append((name, "\n".join(line[kind]["formula"])))
    return rows


def _budget_message(budget: Mapping[str, Any]) -> str:
    cost, limit = budget["express_core_per_million"], budget["dollars_per_million"]
    if budget["met"]:
        return (
            f"Within the budget: the core costs ${cost:.2f} per million in EXPRESS, at most ${limit:.2f} are allowed."
        )
    return f"Over the budget: the core costs ${cost:.2f} per million in EXPRESS, at most ${limit:.2f} are allowed."
