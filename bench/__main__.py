"""Run benchmarks of this folder: `python -m bench [NAME …]`, or `make bench ONLY=cold,histories`.

Without names, only the short ones run (about a minute each); `all` runs the long ones as well. A benchmark is a module
with `figures(options)`, which yields figures as they are measured, and `IS_LONG = True` if it takes minutes. Prints a
table, writes the figures as JSON, and returns 1 if a limit is passed.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ._figures import ROOT, Figure, Options

FOLDER: Final = Path(__file__).parent
_COLUMNS: Final = "{:<62} {:<28} {:>11} {:>17} {:>14} {:>9}"


def benchmark_names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def main(arguments: Sequence[str]) -> int:
    """Run the requested benchmarks, or all that are short."""
    options = _parse(arguments)
    try:
        names, before = chosen_names(options.names), _read_medians(options.before)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 64
    print(_COLUMNS.format("figure", "against", "median", "quartiles", "limit", "before"))
    measured: list[tuple[str, Figure]] = []
    try:
        for name in names:
            for each in _run(name, Options(rounds=options.rounds), before):
                measured.append(each)
    finally:  # an error in one benchmark must not lose the others' figures
        print(f"\nWritten to {_write(measured)}")
    return 0 if all(figure.is_met for _, figure in measured) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"benchmarks, or `all`: {', '.join(benchmark_names())}")
    parser.add_argument("--rounds", type=_positive, default=Options().rounds, help="rounds of each measurement")
    parser.add_argument("--before", type=Path, help="JSON file of an earlier run, whose medians are shown too")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text!r}")
    return int(text)


def chosen_names(arguments: Sequence[str]) -> list[str]:
    """Return the names of the benchmarks to run.

    Raises:
        ValueError: there is no benchmark of such a name.
    """
    names = [name for part in arguments for name in part.split(",") if name]
    if unknown := sorted({*names} - {*benchmark_names(), "all"}):
        all_names = ", ".join(benchmark_names())
        raise ValueError(f"Unknown benchmark {', '.join(unknown)}. Choose from {all_names}, or all.")
    if "all" in names:
        return benchmark_names()
    return names or [name for name in benchmark_names() if not getattr(_module(name), "IS_LONG", False)]


def _module(name: str) -> Any:  # modules have no common type
    return importlib.import_module(f"{__package__}.{name}")


def _run(name: str, options: Options, before: Mapping[tuple[str, ...], float]) -> Iterator[tuple[str, Figure]]:
    print(f"== {name}", flush=True)
    for each in _module(name).figures(options):
        print(_row(each, before.get((name, each.name, each.against))), flush=True)
        yield name, each


def _row(figure: Figure, before: float | None) -> str:
    limit = ""
    if figure.limit is not None:
        sign = "≤" if figure.better == "less" else "≥"
        limit = f"{sign} {figure.limit:g} {'met' if figure.is_met else 'MISSED'}"
    spread = f"{_number(figure.low)} – {_number(figure.high)}" if figure.rounds > 1 else ""
    earlier = "" if before is None else _number(before)
    value = f"{_number(figure.median)} {figure.unit}"
    return _COLUMNS.format(figure.name, figure.against, value, spread, limit, earlier).rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def _write(measured: Sequence[tuple[str, Figure]]) -> Path:
    file = ROOT / ".build" / "bench" / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    content = {
        "schema": 1,
        "commit": commit.stdout.strip(),
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "load": os.getloadavg()[0]},
        "python": platform.python_version(),
        "figures": [{"benchmark": name, **figure.as_json()} for name, figure in measured],
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return file


def _read_medians(file: Path | None) -> dict[tuple[str, ...], float]:
    """Return the medians of an earlier run by benchmark, name and peer.

    Raises:
        ValueError: the file is not one that a run has written.
    """
    if file is None:
        return {}
    try:
        read = json.loads(file.read_text("utf-8"))["figures"]
        return {(each["benchmark"], each["name"], each["against"]): each["median"] for each in read}
    except OSError as error:
        raise ValueError(f"--before {file} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"--before {file} has no figures: give a file that an earlier run has written.") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
