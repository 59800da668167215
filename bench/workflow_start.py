"""The start-up of `booking workflow check` beside asl-validator and cfn-lint, for 1 and 125 files, in one run.

Limit: a check of one JSON file takes at most 120 ms more than a bare interpreter. The files are small machines of three
states in JSONPath, which all three tools accept. cfn-lint checks templates, so each machine stands in one of its own.
A tool that is not installed is left out (`make judges` installs them).
Times are CPU times, because machines are shared.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from .workflow import ROOT, children_cpu_seconds, compare_with_limit

FILES: Final = 125
ROUNDS: Final = 5
SLOW_ROUNDS: Final = 1
"""Of tools that take seconds."""
MAX_EXTRA_MS: Final = 120
_BIN: Final = Path(sys.executable).parent
_JUDGES: Final = ROOT / ".build" / "judges" / "asl" / "node_modules" / ".bin"


def main() -> None:
    """Print a table of milliseconds, and whether the limit is met."""
    with tempfile.TemporaryDirectory() as folder:
        machines, templates = _write_files(Path(folder))
        booking = [str(_BIN / "booking"), "workflow", "check"]
        commands: dict[str, tuple[Sequence[str], Sequence[Path], int]] = {
            "bare interpreter": ([sys.executable, "-c", "pass"], (), ROUNDS),
            "booking workflow check": (booking, machines, ROUNDS),
            "asl-validator": ([str(_JUDGES / "asl-validator"), "--silent"], machines, SLOW_ROUNDS),
            "cfn-lint": ([str(_BIN / "cfn-lint"), "--regions", "eu-central-1", "--"], templates, SLOW_ROUNDS),
        }
        figures = {
            name: _measure(command, files, rounds)
            for name, (command, files, rounds) in commands.items()
            if Path(command[0]).exists()
        }
    _print_table(figures)


def _write_files(folder: Path) -> tuple[list[Path], list[Path]]:
    machines: list[Path] = []
    templates: list[Path] = []
    for number in range(FILES):
        states = {
            "Route": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.kind", "StringEquals": f"kind-{number}", "Next": "Work"}],
                "Default": "Done",
            },
            "Work": {"Type": "Pass", "Parameters": {"id.$": "$.id", "number": number}, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        }
        machine = {"StartAt": "Route", "States": states}
        properties = {"Definition": machine, "RoleArn": "arn:aws:iam::123456789012:role/machine"}
        resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
        machines.append(folder / f"machine{number}.asl.json")
        machines[-1].write_text(json.dumps(machine))
        templates.append(folder / f"template{number}.json")
        templates[-1].write_text(
            json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": resource}})
        )
    return machines, templates


def _measure(command: Sequence[str], files: Sequence[Path], rounds: int) -> tuple[float, float]:
    """Return the median milliseconds for the first file and for all."""
    one, every = (
        median(_run(command, _arguments(command, files[:count])) for _ in range(rounds)) for count in (1, len(files))
    )
    return one, every


def _arguments(command: Sequence[str], files: Sequence[Path]) -> list[str]:
    flag = ["--json-path"] if "asl-validator" in command[0] else []
    return [part for file in files for part in (*flag, str(file))]


def _run(command: Sequence[str], arguments: Sequence[str]) -> float:
    before = children_cpu_seconds()
    subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True)
    return 1000 * (children_cpu_seconds() - before)


def _print_table(figures: Mapping[str, tuple[float, float]]) -> None:
    print(f"{'ms of CPU time':<24}{'1 file':>10}{f'{FILES} files':>12}")
    for name, (one, every) in figures.items():
        print(f"{name:<24}{one:>10.0f}{every:>12.0f}")
    extra = figures["booking workflow check"][0] - figures["bare interpreter"][0]
    print(f"one file beyond a bare interpreter: {compare_with_limit(extra, MAX_EXTRA_MS, 'ms')}")


if __name__ == "__main__":
    main()
