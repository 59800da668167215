"""Run the outside judges of tools/judges/policies, each in one process for all plans or policies."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.compliance.terraform import plan
from tests.components.synth import CHECKOUT, Graph
from tests.environment import require

VENV = CHECKOUT / ".build" / "judges" / "policies"
_JUDGE = CHECKOUT / "tools" / "judges" / "policies" / "judge.py"
_TOO_LONG_SECONDS = 1_200


@dataclass(frozen=True, slots=True)
class Verdict:
    """checkov's result for one plan: the number of passed checks, and the failed ones as (check, address)."""

    passed: int
    failed: frozenset[tuple[str, str]]


def python() -> Path:
    """Return the judges' interpreter. Without it the test is skipped, and fails in CI."""
    found = VENV / "bin" / "python"
    require(found.exists(), "The judges of policies are not installed: run `make judges`.")
    return found


def checkov(plans: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, Verdict]:
    """Return the verdict on each plan; one process judges all of them."""
    for name, each in plans.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "plan.json").write_text(json.dumps(each))
    command = [python(), "-W", "ignore", "-m", "checkov.main", "-d", folder, "--framework", "terraform_plan"]
    output = _run([*map(str, command), "--output", "json", "--skip-download"])
    results = json.loads(output)["results"]
    passed = Counter(_plan_of(each) for each in results["passed_checks"])
    failed = {name: {_finding(each) for each in results["failed_checks"] if _plan_of(each) == name} for name in plans}
    return {name: Verdict(passed[name], frozenset(failed[name])) for name in plans}


def policy_findings(graphs: Iterable[Graph]) -> list[dict[str, Any]]:
    """Return the findings of parliament and cloudsplaining in every policy of the graphs."""
    policies = {f"{number}:{name}": policy for number, graph in enumerate(graphs) for name, policy in _policies(graph)}
    command = [str(python()), "-W", "ignore", str(_JUDGE)]
    findings: list[dict[str, Any]] = json.loads(_run(command, stdin=json.dumps(policies)))
    return findings


def plans_of(graphs: Mapping[str, Graph]) -> dict[str, dict[str, Any]]:
    """Return the plan of each graph."""
    return {name: plan(graph) for name, graph in graphs.items()}


def _policies(graph: Graph) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield every policy but trust policies, which name no resource and which neither judge reads."""
    for each in graph.resources:
        if each.custom and "policy" in each.inputs:
            kind = "identity" if each.type == "aws:iam/rolePolicy:RolePolicy" else "resource"
            yield each.name, {"document": each.inputs["policy"], "kind": kind}


def _run(command: list[str], stdin: str = "") -> str:
    """Return the output of the process, which has no network and no API key."""
    judge_environment = os.environ | {
        "LOG_LEVEL": "CRITICAL",
        "BC_SKIP_MAPPING": "TRUE",
        "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false",
    }
    ran = subprocess.run(
        command,
        input=stdin,
        env=judge_environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TOO_LONG_SECONDS,
    )
    assert ran.stdout.startswith(("{", "[")), f"{command}: {ran.stdout[-500:]} {ran.stderr[-1500:]}"
    return ran.stdout


def _plan_of(check: Mapping[str, Any]) -> str:
    return Path(check["file_path"]).parts[1]


def _finding(check: Mapping[str, Any]) -> tuple[str, str]:
    return check["check_id"], check["resource"]
