"""Fixtures: a shell in the folder of a deployed program, and a folder with a copy of our program to deploy."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from local.instance import Instance
from local.pytest_plugin import DeployedStack, booking_stack

__all__ = ["booking_stack"]

ROOT = Path(__file__).parents[2]
BOOKING = Path(sys.executable).parent / "booking"


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """The output of a command and its exit code."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Return standard output as JSON: with --json it contains exactly one document."""
        return json.loads(self.stdout)


Shell = Callable[..., CommandResult]


@pytest.fixture
def shell(booking_stack: DeployedStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a function that runs a verb in the folder of the deployed stack."""
    monkeypatch.chdir(booking_stack.instance.folder.parents[1])

    def run_verb(*arguments: str) -> CommandResult:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return CommandResult(exit_code=code, stdout=printed.out, stderr=printed.err)

    return run_verb


@pytest.fixture
def program_folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder with our program and its stage files; an instance there is stopped afterwards."""
    for file in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    yield tmp_path
    Instance.at(tmp_path).stop()


def run_booking(folder: Path, *arguments: str) -> CommandResult:
    """Run the installed command in its own process, as a person would."""
    completed = subprocess.run(
        [str(BOOKING), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1_200,
        preexec_fn=_restore_interrupt_handler,
    )
    return CommandResult(exit_code=completed.returncode, stdout=completed.stdout, stderr=completed.stderr)


def _restore_interrupt_handler() -> None:
    """Restore the default handler, which a background job does not inherit from its shell."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def supply(shell: Shell, sku: str = "MUG", price: str = "8.00", units: int = 1000) -> None:
    """Add a SKU, or units to one that an earlier test of this stack added."""
    if shell("stock", "set", sku, "--price", price, "--available", str(units)).exit_code:
        assert shell("stock", "receive", sku, str(units)).exit_code == 0
