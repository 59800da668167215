"""Runs the outside judges of tools/judges/policies, each once for everything it is to judge."""

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
    """Run checkov on one plan; return the number of passed checks, and the failed ones as (check, address)."""

    passed: int
    failed: frozenset[tuple[str, str]]


def python() -> Path:
    """The judges' interpreter; without it the test is skipped, and fails in CI."""
    found = VENV / "bin" / "python"
    require(found.exists(), "The judges of policies are not installed: run `make judges`.")
    return found


def checkov(plans: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, Verdict]:
    """The verdict on each plan; one process judges all of them."""
    for name, each in plans.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "plan.json").write_text(json.dumps(each))
    asked = [python(), "-W", "ignore", "-m", "checkov.main", "-d", folder, "--framework", "terraform_plan"]
    said = _run([*map(str, asked), "--output", "json", "--skip-download"])
    results = json.loads(said)["results"]
    passed = Counter(_plan_of(each) for each in results["passed_checks"])
    failed = {name: {_found(each) for each in results["failed_checks"] if _plan_of(each) == name} for name in plans}
    return {name: Verdict(passed[name], frozenset(failed[name])) for name in plans}


def policy_findings(graphs: Iterable[Graph]) -> list[dict[str, Any]]:
    """Return the findings of parliament and cloudsplaining in every policy of the graphs."""
    asked = {f"{number}:{name}": policy for number, graph in enumerate(graphs) for name, policy in _policies(graph)}
    found: list[dict[str, Any]] = json.loads(_run([str(python()), "-W", "ignore", str(_JUDGE)], told=json.dumps(asked)))
    return found


def plans_of(graphs: Mapping[str, Graph]) -> dict[str, dict[str, Any]]:
    """The plans of several graphs."""
    return {name: plan(graph) for name, graph in graphs.items()}


def _policies(graph: Graph) -> Iterable[tuple[str, dict[str, str]]]:
    """Every policy but trust policies, which name no resource and which neither judge reads."""
    for each in graph.resources:
        if each.custom and "policy" in each.inputs:
            kind = "identity" if each.type == "aws:iam/rolePolicy:RolePolicy" else "resource"
            yield each.name, {"document": each.inputs["policy"], "kind": kind}


def _run(command: list[str], told: str = "") -> str:
    """Return the output of the process, which has no network and no API key."""
    alone = os.environ | {
        "LOG_LEVEL": "CRITICAL",
        "BC_SKIP_MAPPING": "TRUE",
        "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false",
    }
    ran = subprocess.run(
        command, input=told, env=alone, capture_output=True, text=True, check=False, timeout=_TOO_LONG_SECONDS
    )
    assert ran.stdout.startswith(("{", "[")), f"{command}: {ran.stdout[-500:]} {ran.stderr[-1500:]}"
    return ran.stdout


def _plan_of(check: Mapping[str, Any]) -> str:
    return Path(check["file_path"]).parts[1]


def _found(check: Mapping[str, Any]) -> tuple[str, str]:
    return check["check_id"], check["resource"]
