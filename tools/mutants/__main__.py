"""`make mutants`: apply each seeded mutant to a copy and run the tests, one of which must fail.

    python -m tools.mutants                    all mutants, two at a time
    python -m tools.mutants refund stock       mutants whose name contains one of the words

A mutant is a patch in tests/mutants/patches whose first line names the law that it breaks. The tests that name this law
run first, and all others only if those pass. A patch that no longer applies is an error, and so is a suite that fails
without any mutant.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = ROOT / "tests" / "mutants" / "patches"
COPIED_PATHS = (
    *("handlers", "pyproject.toml", "docs", "tests/conftest.py", "tests/environment.py"),
    *(
        "tests/api",
        "tests/contract",
        "tests/domain",
        "tests/fakes",
        "tests/handlers",
        "tests/simulation",
        "tests/support",
    ),
)
KILLING_TESTS = (  # the fastest and most effective first
    "tests/domain",
    "tests/api/test_approval_queue.py",
    "tests/contract/test_ports.py",
    "tests/handlers/test_malformed_requests.py",
    "tests/simulation/test_crash_matrix.py",
    "tests/handlers",
    "tests/simulation/test_interleavings.py",
    "tests/simulation/test_simulation.py::test_no_law_is_broken_in_any_history",
    "tests/simulation/test_stripe_simulation.py",
)
TIME_LIMIT_SECONDS = 900
HISTORIES = "1500"


@dataclass(frozen=True, slots=True)
class MutantResult:
    """The result of the tests for one mutant."""

    name: str
    law: str
    killed: bool
    killer: str
    seconds: float


def broken_law(patch: Path) -> str:
    """Return the law that a patch breaks, from its first line."""
    return patch.read_text(encoding="utf-8").partition("\n")[0].removeprefix("Breaks ").rstrip(".")


def tests_of(law: str, tests: Path) -> list[str]:
    """Return the ids of the tests in a folder whose docstrings name a law, such as "law 15"."""
    named = re.compile(rf"\b{law}\b", re.IGNORECASE)
    return [
        f"{path}::{node.name}"
        for path in sorted(tests.rglob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if named.search(" ".join((ast.get_docstring(node) or "").split()))
    ]


def apply(patch: Path, folder: Path, *, check_only: bool = False) -> str | None:
    """Apply a patch in a folder. Return git's message if it does not apply, else None."""
    command = ["git", "apply", "-p1", *(["--check"] if check_only else []), str(patch)]
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return None if done.returncode == 0 else done.stderr.strip()


def _copy(folder: Path) -> None:
    for name in COPIED_PATHS:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def _run_tests(folder: Path, *tests: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "SIMULATED_HISTORIES": HISTORIES}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("CI", None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "--no-header",
        "--ignore-glob=*test_leaks.py",  # the console is not copied
        "-m",
        "not nightly",
        "-k",
        "not local and not ministack",  # nor are the servers that some suites also run against
        *tests,
    ]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 3, f"no result within {TIME_LIMIT_SECONDS} seconds"
    return done.returncode, done.stdout + done.stderr


def run_mutant(patch: Path | None) -> MutantResult:
    """Apply a mutant (or none) to a copy and run the tests until the first failure."""
    began = time.monotonic()
    name, law = (patch.stem, broken_law(patch)) if patch else ("none", "nothing")
    with tempfile.TemporaryDirectory(prefix="mutant-") as workspace:
        folder = Path(workspace)
        _copy(folder)
        refused = apply(patch, folder) if patch else None
        if refused:
            return MutantResult(
                name, law, False, f"DOES NOT APPLY: {refused.splitlines()[0]}", time.monotonic() - began
            )
        named = tests_of(law, folder / "tests") if patch else []
        code, output = _run_tests(folder, *named) if named else (0, "")
        if code == 0:
            code, output = _run_tests(folder, *KILLING_TESTS)
    killer = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    by = killer[1] if killer else "" if code == 0 else output.strip()[-300:]
    is_test = code == 1 and killer is not None
    return MutantResult(name, law, is_test, by if is_test or code else "SURVIVED", time.monotonic() - began)


def _print_result(verdict: MutantResult) -> None:
    symbol = "killed" if verdict.killed else "ALIVE "
    by = verdict.killer.removeprefix("tests/")
    print(f"{symbol}  {verdict.name:48} {verdict.law:18} {verdict.seconds:5.0f} s  {by}", flush=True)


def main(words: Sequence[str]) -> int:
    """Run the mutants whose names contain one of the words, or all."""
    patches = [
        patch for patch in sorted(PATCHES.glob("*.patch")) if not words or any(word in patch.stem for word in words)
    ]
    healthy = run_mutant(None)
    if healthy.killer != "SURVIVED":
        print(f"the tests fail without any mutant: {healthy.killer}")
        return 2
    with ThreadPoolExecutor(max_workers=2) as pool:
        verdicts = []
        for done in as_completed([pool.submit(run_mutant, patch) for patch in patches]):
            verdicts.append(done.result())
            _print_result(verdicts[-1])
    killed = sum(verdict.killed for verdict in verdicts)
    print(f"{killed}/{len(verdicts)} killed")
    return 0 if killed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
