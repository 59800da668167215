"""The process beside an instance that serves its resource types to engines; it is started on first use."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from ..errors import NotRunning, StartFailed
from ..instance import Instance, processes
from ..provider import process
from ..provider.process import ProviderAddress, source_fingerprint

_START_TIMEOUT_SECONDS: Final = 60


def ensure_running(instance: Instance, root: Path) -> int:
    """Return the port of the instance's provider, after starting it if necessary; relative paths start at `root`."""
    if not instance.is_running:
        raise NotRunning("The embedded AWS is not running. Start it with `booking up`.")
    address = running_provider(instance)
    if address and address.source == source_fingerprint():
        return address.port
    stop(instance)
    return _start(instance, root).port


def stop(instance: Instance) -> None:
    """Stop the instance's provider, if it is running."""
    address = running_provider(instance)
    if address:
        processes.terminate_group(address.pid)


def running_provider(instance: Instance) -> ProviderAddress | None:
    """Return the instance's provider if it is running. A stale file may contain the pid of another process."""
    address = ProviderAddress.load(instance.folder)
    return address if address and processes.is_running(address.pid, str(instance.folder)) else None


def _start(instance: Instance, root: Path) -> ProviderAddress:
    child = _spawn(instance, root)
    threading.Thread(target=child.wait, daemon=True).start()  # reaps it: it ends by itself, long after this function
    until = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < until and child.poll() is None:
        address = ProviderAddress.load(instance.folder)
        if address and address.pid == child.pid:
            return address
        time.sleep(0.02)
    raise StartFailed(f"The embedded AWS's provider did not start: see {instance.folder / 'provider.log'}")


def _spawn(instance: Instance, root: Path) -> subprocess.Popen[bytes]:
    above = Path(__file__).parents[len(__name__.split(".")) - 1]
    with (instance.folder / "provider.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", process.__name__, str(instance.folder)],
            cwd=root,
            env=_environment(above),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _environment(source_root: Path) -> dict[str, str]:
    """Return an environment that takes only the search path and package settings from the user's shell."""
    inherited = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    fetching = ("PIP_", "UV_")
    return {
        **{name: value for name, value in os.environ.items() if name in inherited or name.startswith(fetching)},
        "PYTHONPATH": str(source_root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
