"""The start-up of `booking workflow check` beside asl-validator and cfn-lint, for 1 and 125 files, in one run.

Limit: a check of one JSON file takes at most 120 ms more than a bare interpreter. The files are small machines of three
states in JSONPath, which all three tools accept. cfn-lint checks templates, so each machine stands in one of its own.
A tool that is not installed is left out (`make judges` installs them).
Times are CPU times, because machines are shared.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from ._figures import ROOT, Figure, Options, cpu_seconds_of, figure, ratio, take_turns

FILES: Final = 125
IS_LONG: Final = True
SLOW_ROUNDS: Final = 1
"""Of tools that take seconds."""
MAX_EXTRA_MS: Final = 120
_BIN: Final = Path(sys.executable).parent
_JUDGES: Final = ROOT / ".build" / "judges" / "asl" / "node_modules" / ".bin"


def figures(options: Options) -> Iterator[Figure]:
    """Yield the ratios for one file and for all, and what one file adds to a bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        machines, templates = _write_files(Path(folder))
        booking = [str(_BIN / "booking"), "workflow", "check"]
        bare, first = take_turns(
            options.rounds,
            {
                "bare": partial(cpu_seconds_of, [sys.executable, "-c", "pass"]),
                "booking": partial(cpu_seconds_of, _command(booking, machines[:1])),
            },
        ).values()
        extra = [1000 * (one - other) for one, other in zip(first, bare, strict=True)]
        yield figure("booking workflow check, one file", extra, "ms", "a bare interpreter, beyond", limit=MAX_EXTRA_MS)
        judges: dict[str, tuple[Sequence[str], Sequence[Path]]] = {
            "asl-validator": ([str(_JUDGES / "asl-validator"), "--silent"], machines),
            "cfn-lint": ([str(_BIN / "cfn-lint"), "--regions", "eu-central-1", "--"], templates),
        }
        for name, (judge, files) in judges.items():
            if Path(judge[0]).exists():
                yield from _compare(name, judge, files, booking, machines)


def _compare(
    name: str, judge: Sequence[str], files: Sequence[Path], booking: Sequence[str], machines: Sequence[Path]
) -> Iterator[Figure]:
    for count, written in ((1, "one file"), (FILES, f"{FILES} files")):
        booking_times, judge_times = take_turns(
            SLOW_ROUNDS,
            {
                "ours": partial(cpu_seconds_of, _command(booking, machines[:count])),
                "theirs": partial(cpu_seconds_of, _command(judge, files[:count])),
            },
        ).values()
        yield ratio(f"booking workflow check, {written}", booking_times, judge_times, name, limit=1)


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


def _command(command: Sequence[str], files: Sequence[Path]) -> list[str]:
    flag = ["--json-path"] if "asl-validator" in command[0] else []
    return [*command, *(part for file in files for part in (*flag, str(file)))]
