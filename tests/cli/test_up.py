"""`booking up` and `down`: the tour, twice; and what happens when the embedded AWS dies or its port is taken."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from local.instance import Instance

from .conftest import BOOKING, run_booking


def test_up_takes_the_tour_and_down_leaves_no_process(program_folder: Path) -> None:
    """Twice, since running it twice is fine; then nothing of it is left."""
    for _ in range(2):
        said = run_booking(program_folder, "up", "--engine", "in-process", "--json", "--wait-scale", "0")
        assert said.exit_code == 0, said.stderr
        assert said.document["ok"]
        assert [step["result"]["status"] for step in said.document["steps"]] == [
            *("succeeded", "succeeded", "succeeded", "rejected", "rejected", "rejected", "unknown")
        ]
    assert run_booking(program_folder, "audit", "verify").exit_code == 0
    assert Instance.at(program_folder).is_running
    assert run_booking(program_folder, "down").exit_code == 0
    assert processes_of(program_folder) == []
    assert run_booking(program_folder, "down").exit_code == 0


def test_an_embedded_aws_killed_in_the_middle_is_one_sentence_and_the_next_up_works(program_folder: Path) -> None:
    """SIGKILL while resources are being created."""
    going = subprocess.Popen(
        [str(BOOKING), "up", "--engine", "in-process", "--no-tour"],
        cwd=program_folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert going.stderr is not None
    lines: list[str] = []
    for line in going.stderr:
        lines.append(line)
        pid = Instance.at(program_folder).pid
        if pid is not None and sum(told.startswith("+ ") for told in lines) == 10:
            os.kill(pid, signal.SIGKILL)
    assert going.wait(timeout=120) == 1
    assert "Traceback" not in "".join(lines)
    assert lines[-1].startswith("The embedded AWS ended during the deployment. Run this again")
    again = run_booking(program_folder, "up", "--engine", "in-process", "--no-tour")
    assert again.exit_code == 0, again.stderr


def test_a_taken_port_is_one_sentence_and_the_next_up_works(program_folder: Path) -> None:
    """Another program listens where the embedded AWS would."""
    instance = Instance.at(program_folder)
    with socket.socket() as other:
        other.bind(("127.0.0.1", instance.port))
        other.listen()
        said = run_booking(program_folder, "up", "--engine", "in-process", "--no-tour")
    assert said.exit_code == 1
    assert f"Port {instance.port}" in said.stderr.splitlines()[-1]
    assert "Traceback" not in said.stderr
    assert run_booking(program_folder, "up", "--engine", "in-process", "--no-tour").exit_code == 0


def processes_of(folder: Path) -> list[str]:
    """Processes whose command line names the folder, once those that were told to end have had a moment to."""
    found: list[str] = []
    for _ in range(3000):
        shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        found = [line for line in shown.stdout.splitlines() if str(folder) in line]
        if not found:
            break
        time.sleep(0.02)
    return found
