"""The process beside an instance that serves its resource types to engines: started when it is first needed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from .. import processes, provider
from ..errors import DidNotStart, NotRunning
from ..instance import Instance
from ..provider.address import Address, fingerprint

_START_SECONDS: Final = 60


def ensure(instance: Instance, root: Path) -> int:
    """The port of the instance's provider, started if it does not run; `root` is where relative paths begin."""
    if not instance.running:
        raise NotRunning("The embedded AWS is not running: start it with `booking up`.")
    known = running(instance)
    if known and known.source == fingerprint():
        return known.port
    end(instance)
    return _started(instance, root).port


def end(instance: Instance) -> None:
    """Stop the instance's provider, if it runs."""
    known = running(instance)
    if known:
        processes.end_group(known.pid)


def running(instance: Instance) -> Address | None:
    """The instance's provider, if it runs: a stale file names a stranger or nobody."""
    known = Address.of(instance.folder)
    return known if known and processes.is_ours(known.pid, str(instance.folder)) else None


def _started(instance: Instance, root: Path) -> Address:
    child = _spawned(instance, root)
    threading.Thread(target=child.wait, daemon=True).start()  # reaps it: it ends by itself, long after this function
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        known = Address.of(instance.folder)
        if known and known.pid == child.pid:
            return known
        time.sleep(0.02)
    raise DidNotStart(f"The embedded AWS's provider did not start: see {instance.folder / 'provider.log'}")


def _spawned(instance: Instance, root: Path) -> subprocess.Popen[bytes]:
    above = Path(__file__).parents[len(__name__.split(".")) - 1]
    with (instance.folder / "provider.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", provider.__name__, str(instance.folder)],
            cwd=root,
            env=_environment(above),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _environment(above: Path) -> dict[str, str]:
    """Nothing of the user's shell but where programs are found and how packages are fetched."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    fetching = ("PIP_", "UV_")
    return {
        **{name: value for name, value in os.environ.items() if name in kept or name.startswith(fetching)},
        "PYTHONPATH": str(above),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
