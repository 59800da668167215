"""Type checkers find misspelled arguments of AWS resources and of our components."""

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
def test_pyright_finds_each_seeded_fault(fault: str, faults: Counter[str]) -> None:
    """Otherwise only the deployment would find an AWS argument that does not exist, if at all."""
    assert faults[fault.replace(" ", "_")] >= 1


def test_pyright_finds_no_error_in_correct_programs(faults: Counter[str]) -> None:
    """This proves that the check above can distinguish them."""
    assert faults["right"] == 0
