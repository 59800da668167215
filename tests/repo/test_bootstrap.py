"""A missing tool is named in the first line printed, with the way to install it."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ANSWERS = 'case "$1" in -c) exec python3 "$@";; esac\n'  # a real Python answers small questions


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of a fresh clone that the bootstrap reads before it installs anything."""
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    return tmp_path


def make_up(checkout: Path, **environment: str) -> list[str]:
    """Run `make up`, which must fail, and return the lines that it prints."""
    ran = subprocess.run(
        ["make", "up"],
        cwd=checkout,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout), **environment},
    )
    assert ran.returncode != 0
    return (ran.stderr + ran.stdout).splitlines()


def fake_python(checkout: Path, body: str) -> str:
    """Write an executable that stands for an interpreter that lacks something."""
    path = checkout / "fake-python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_a_missing_python_is_reported(checkout: Path) -> None:
    """The message has the name that was looked for and the version to install."""
    first = make_up(checkout, PYTHON="python-that-is-nowhere")[0]
    assert first.startswith("python-that-is-nowhere was not found: install Python 3.11 or newer")


def preflight_after(statement: str) -> str:
    """Return shell code that runs the preflight in a real Python, after a statement that removes something."""
    run = "runpy.run_path('tools/preflight.py', run_name='__main__')"
    return f'exec python3 -c "import os, runpy, sys, types; {statement}; {run}"'


def test_an_outdated_python_is_reported(checkout: Path) -> None:
    """The interpreter answers every question as Python 3.8 would."""
    refuses = 'case "$2" in *"sys.exit"*) exit 1;; "") exit 0;; esac\n'
    old = fake_python(checkout, refuses + preflight_after("sys.version_info = (3, 8, 1)"))
    assert make_up(checkout, PYTHON=old)[0].startswith("Python 3.8 is too old: install Python 3.11 or newer")


def test_a_python_without_venv_is_reported(checkout: Path) -> None:
    """Debian splits the venv module off: the message names the package."""
    bare = fake_python(checkout, ANSWERS + preflight_after("sys.modules['ensurepip'] = None"))
    first = make_up(checkout, PYTHON=bare)[0]
    assert "venv module is missing" in first
    assert "python3-venv" in first


def test_a_full_disk_is_reported(checkout: Path) -> None:
    """The message has the free space, the folder, and the space needed."""
    little = "os.statvfs = lambda folder: types.SimpleNamespace(f_bavail=12, f_frsize=1000000)"
    full = fake_python(checkout, ANSWERS + preflight_after(little))
    first = make_up(checkout, PYTHON=full)[0]
    assert first.startswith("Only 12 MB are free in ")
    assert "1500 MB are needed" in first


def test_a_folder_that_is_not_a_virtual_environment_is_never_replaced(checkout: Path) -> None:
    """`.venv` is rebuilt when it is broken, but only if it is a virtual environment."""
    precious = checkout / ".venv" / "work.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    assert make_up(checkout)[0].startswith(".venv exists but is not a virtual environment: move it away")
    assert precious.exists()


PIP = """
case "$*" in
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/pyvenv.cfg" ;;
    "-m pip install "*--require-hashes*)
        echo "Ignoring other: markers 'sys_platform == \'win32\'' don't match your environment"
        echo "Requirement already satisfied: old==1 in ./.venv (from -r lock)"
        echo "Collecting first==1 (from -r lock)"
        read -r outcome < outcome
        echo "Collecting second==1 (from -r lock)"
        echo "Installing collected packages: first, second"
        exit "$outcome" ;;
esac
"""


@pytest.mark.parametrize(("outcome", "is_ready"), [(0, True), (1, False)])
def test_each_package_is_announced_before_the_next_is_fetched(checkout: Path, outcome: int, is_ready: bool) -> None:
    """The first installation takes a minute: pip goes on here only when the first name has been read."""
    (checkout / "requirements.lock").write_text("old==1\nfirst==1\nsecond==1\nother==1 ; sys_platform == 'win32'\n")
    os.mkfifo(checkout / "outcome")
    started = subprocess.Popen(
        ["sh", "tools/bootstrap", "runtime"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHON": fake_python(checkout, PIP)},
        start_new_session=True,
    )
    watchdog = threading.Timer(
        60, os.killpg, (started.pid, signal.SIGKILL)
    )  # otherwise a name that comes late hangs this test
    watchdog.start()
    try:
        assert started.stdout is not None
        while not (line := started.stdout.readline()).startswith("  fetching"):
            assert line
        assert line == "  fetching 2 of 3: first==1\n"
        (checkout / "outcome").write_text(f"{outcome}\n")
        assert started.communicate()[0].splitlines() == ["  fetching 3 of 3: second==1", "  unpacking them …"]
    finally:
        watchdog.cancel()
    assert (started.returncode == 0, (checkout / ".venv" / "runtime.stamp").exists()) == (is_ready, is_ready)
