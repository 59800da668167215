"""Type checkers find a misspelled AWS argument and a misspelled argument of ours."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.components.synth import CHECKOUT

RIGHT = """
import pulumi_aws as aws
from components import OrderStore, OrderStoreArgs

queue = aws.sqs.Queue("right", message_retention_seconds=60)
orders = OrderStore("right", OrderStoreArgs(backup_days=7))
"""
MISSPELLED = {
    "an argument of AWS": RIGHT.replace("message_retention_seconds", "message_retention_secs"),
    "an argument of ours": RIGHT.replace("backup_days", "backup_day"),
    "a wrong type": RIGHT.replace("backup_days=7", 'backup_days="7"'),
    "an output": RIGHT + "print(orders.tabel)\n",
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """Return the number of errors that pyright strict finds in each program, in one run."""
    folder = tmp_path_factory.mktemp("typed")
    for name, source in (MISSPELLED | {"right": RIGHT}).items():
        (folder / f"{name.replace(' ', '_')}.py").write_text(source)
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"extraPaths": [str(CHECKOUT)], "typeCheckingMode": "strict", "pythonVersion": "3.11"})
    )
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    return Counter(Path(each["file"]).stem for each in report["generalDiagnostics"] if each["severity"] == "error")


@pytest.mark.parametrize("fault", MISSPELLED)
def test_pyright_sees_a_seeded_misspelling(fault: str, faults: Counter[str]) -> None:
    """An AWS argument that does not exist would otherwise be found by the deployment, or not at all."""
    assert faults[fault.replace(" ", "_")] >= 1


def test_pyright_finds_nothing_in_the_right_spelling(faults: Counter[str]) -> None:
    """So the check above means something."""
    assert faults["right"] == 0
