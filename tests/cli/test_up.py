"""`booking up` runs the tour, and recovers from a killed embedded AWS, a taken port and Ctrl-C."""

import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from handlers.domain.money import format_amount
from local.instance import Instance

from .conftest import run_booking

FIRST_MINUTES = Path(__file__).parents[2] / "docs" / "explanation" / "first-five-minutes.md"
TWO_QUEUES = """
import os, signal
from pathlib import Path
import pulumi_aws as aws

def act(url):
    {action}
    return url

first = aws.sqs.Queue("first")
aws.sqs.Queue("second", tags={{"after": first.url.apply(act)}})
"""
KILL_ONCE = (
    'Path("killed").exists() or Path("killed").touch() or '
    'os.kill(int(Path(".booking/default/pid").read_text()), signal.SIGKILL)'
)


@pytest.fixture
def queues(program_folder: Path) -> Path:
    """Return the folder of a program with two queues, created one after the other, which deploys quickly."""
    (program_folder / "__main__.py").write_text(TWO_QUEUES.format(action="pass"))
    (program_folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    return program_folder


def test_up_runs_the_tour_and_down_leaves_no_process(program_folder: Path) -> None:
    result = run_booking(program_folder, "up", "--engine", "in-process", "--json", "--wait-scale", "0")
    assert result.exit_code == 0, result.stderr
    assert result.document["ok"]
    assert [step["result"]["status"] for step in result.document["steps"]] == [
        *("succeeded", "succeeded", "succeeded", "rejected", "pending", "succeeded", "rejected", "rejected"),
        *("rejected", "succeeded", "unknown", "rejected"),
    ]
    shown = run_booking(program_folder, "show", result.document["steps"][0]["result"]["order_id"], "--json").document
    assert_matches_page(shown)
    assert run_booking(program_folder, "audit", "verify").exit_code == 0
    assert Instance.at(program_folder).is_running
    assert run_booking(program_folder, "down").exit_code == 0
    assert processes_of(program_folder) == []


def assert_matches_page(order: Any) -> None:
    """Compare the tour's first order with the page about the first five minutes."""
    page = FIRST_MINUTES.read_text("utf-8")
    third = page.partition("**Minute 3")[2].partition("**Minute 4")[0]
    assert re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", third) == [entry["type"] for entry in order["ledger"]]
    amounts = [format_amount(order[f"{name}_minor"], "EUR") for name in ("captured", "refunded", "refundable")]
    assert "{} captured, {} refunded, {} refundable".format(*amounts) in page


def test_up_and_down_can_be_repeated(queues: Path) -> None:
    for _ in range(2):
        result = run_booking(queues, "up", "--engine", "in-process", "--no-tour")
        assert result.exit_code == 0, result.stderr
    for _ in range(2):
        assert run_booking(queues, "down").exit_code == 0


@pytest.mark.nightly
def test_an_embedded_aws_killed_during_up_is_reported_and_the_next_up_works(queues: Path) -> None:
    """The program itself sends SIGKILL between its two queues."""
    (queues / "__main__.py").write_text(TWO_QUEUES.format(action=KILL_ONCE))
    killed = run_booking(queues, "up", "--engine", "in-process", "--no-tour")
    assert killed.exit_code == 1
    assert "Traceback" not in killed.stderr
    assert killed.stderr.splitlines()[-1].startswith("The embedded AWS ended during the deployment. Run this again")
    again = run_booking(queues, "up", "--engine", "in-process", "--no-tour")
    assert again.exit_code == 0, again.stderr


@pytest.mark.nightly
def test_ctrl_c_prints_what_still_runs_and_how_to_stop_it(queues: Path) -> None:
    """The program itself sends the signal between its two queues."""
    (queues / "__main__.py").write_text(TWO_QUEUES.format(action="os.kill(os.getpid(), signal.SIGINT)"))
    result = run_booking(queues, "up", "--engine", "in-process", "--no-tour")
    assert result.exit_code == 130
    pid = Instance.at(queues).pid
    message = f"Interrupted. The embedded AWS 'default' still runs (process {pid}); `booking down` stops it"
    assert result.stderr.splitlines()[-1].startswith(message)
    assert run_booking(queues, "down", "--yes").exit_code == 0


@pytest.mark.nightly
def test_a_taken_port_is_reported_and_the_next_up_works(queues: Path) -> None:
    """Another program listens on the port of the embedded AWS."""
    instance = Instance.at(queues)
    with socket.socket() as other:
        other.bind(("127.0.0.1", instance.port))
        other.listen()
        result = run_booking(queues, "up", "--engine", "in-process", "--no-tour")
    assert result.exit_code == 1
    assert f"Port {instance.port}" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert run_booking(queues, "up", "--engine", "in-process", "--no-tour").exit_code == 0


def processes_of(folder: Path) -> list[str]:
    """Return the processes whose command line names the folder, after waiting for terminated ones to exit."""
    found: list[str] = []
    for _ in range(3000):
        shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        found = [line for line in shown.stdout.splitlines() if str(folder) in line]
        if not found:
            break
        time.sleep(0.02)
    return found
