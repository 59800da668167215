"""What the type checker sees: a misspelled AWS argument, and a misspelled argument of ours."""

import json
import subprocess
import sys
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


@pytest.mark.parametrize("fault", [None, *MISSPELLED])
def test_pyright_sees_a_seeded_misspelling(fault: str | None, tmp_path: Path) -> None:
    """And finds nothing in the right spelling, so that the check means something."""
    program = tmp_path / "program.py"
    program.write_text(MISSPELLED[fault] if fault else RIGHT)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"extraPaths": [str(CHECKOUT)], "typeCheckingMode": "strict", "pythonVersion": "3.11"})
    )
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(program)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    report: dict[str, Any] = json.loads(done.stdout)
    assert (1 if fault else 0) == min(1, report["summary"]["errorCount"]), done.stdout
