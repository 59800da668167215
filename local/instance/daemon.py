"""The detached process of an instance: MiniStack behind https on the instance's port, and the provider's own server.

Started by `Instance.start` as `python -m <package>.daemon FOLDER` with a clean environment, so that nothing of a user's
shell (profiles, proxies, PYTHONPATH) reaches the functions that it runs.
"""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Serve until SIGTERM, then let MiniStack save its state."""
    # MiniStack reads its configuration from the environment when it is imported.
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    from . import patches
    from .control import protect_control_endpoints

    patches.apply()
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    _raise_file_limit()
    protected = protect_control_endpoints(app, (folder / "token").read_text())
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.certfile = str(folder / "tls" / "instance.crt")
    config.keyfile = str(folder / "tls" / "instance.key")
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = os.environ.get("LOG_LEVEL", "WARNING")

    async def run() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _save_and_exit)
        await serve(protected, config, shutdown_trigger=asyncio.Event().wait)  # never: _leave ends the process

    asyncio.run(run())


def _save_and_exit() -> None:
    """Save the state and exit: an orderly shutdown would wait for clients' open connections and idle threads."""
    from ministack.app import _build_persistence_save_dict
    from ministack.core.persistence import save_all

    save_all(_build_persistence_save_dict())
    Path(os.environ["STATE_DIR"]).with_name("saved").touch()
    os._exit(0)


def _raise_file_limit() -> None:
    """Raise the soft limit of open files, for bursts of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
