"""Runs the reconcile function until it has nothing left to go on with."""

import json
from typing import Any, Final

from .failures import CommandFailed
from .target import Target

MAX_RUNS: Final = 1000
REPORT_LISTS: Final = ("settled", "released", "restored", "postponed", "left_to_people")


def run_reconcile(target: Target, **options: Any) -> dict[str, Any]:
    """Invoke the function, following its continuations; gives the reports added up."""
    total: dict[str, Any] = {name: [] for name in REPORT_LISTS} | {"drift": {}, "runs": 0}
    continuation: str | None = None
    for _ in range(MAX_RUNS):
        report = _invoke(target, {"schema": 1, **options, "continuation": continuation})
        _add_report(total, report)
        continuation = report.get("continuation")
        if continuation is None:
            return total
    raise CommandFailed(f"reconcile was not done after {MAX_RUNS} runs; it is safe to run it again.")


def _invoke(target: Target, message: dict[str, Any]) -> dict[str, Any]:
    function = target.outputs["reconcileFunction"]
    answer = target.client("lambda").invoke(FunctionName=function, Payload=json.dumps(message).encode())
    report = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        said = report.get("errorMessage", report) if isinstance(report, dict) else report
        raise CommandFailed(f"The reconcile function failed: {said}")
    return dict(report)


def _add_report(total: dict[str, Any], report: dict[str, Any]) -> None:
    total["runs"] += 1
    for name in REPORT_LISTS:
        total[name] += report.get(name, [])
    for name, number in report.get("drift", {}).items():
        total["drift"][name] = total["drift"].get(name, 0) + number
