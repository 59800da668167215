"""Companion processes of an instance start once, keep their address, and leave nothing behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import StartFailed
from local.instance.companions import Companion, running_companions, stop_companions
from local.instance.connections import ensure_certificate, free_port

ROOT = Path(__file__).parents[2]
LISTENER = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[2]))); time.sleep(60)"


@pytest.fixture
def companion(tmp_path: Path) -> Iterator[Companion]:
    listener = Companion(tmp_path, "listener")
    yield listener
    listener.stop()


def test_a_companion_starts_once_and_keeps_its_address(companion: Companion) -> None:
    address = companion.start([sys.executable, "-c", LISTENER], ROOT)
    first = companion.pid
    assert companion.start([sys.executable, "-c", LISTENER], ROOT) == address
    assert companion.pid == first
    assert running_companions(companion.folder) == {"listener": address}
    stop_companions(companion.folder)
    assert companion.pid is None
    assert running_companions(companion.folder) == {}
    assert companion.start([sys.executable, "-c", LISTENER], ROOT) == address


def test_a_companion_that_exits_at_once_is_reported_with_its_log(companion: Companion) -> None:
    with pytest.raises(StartFailed, match=r"^listener did not start: no mood \(see .*listener\.log\)$"):
        companion.start([sys.executable, "-c", "raise SystemExit('no mood')"], ROOT)


def test_the_stripe_double_exits_when_its_instance_has_stopped(tmp_path: Path) -> None:
    """There is no instance in this folder, so the double exits immediately."""
    ensure_certificate(tmp_path / "tls")
    command = [sys.executable, "-m", "tests.support.stripe", str(tmp_path), str(free_port())]
    assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 0
