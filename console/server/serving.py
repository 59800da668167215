"""Serve the console on a loopback socket until it is stopped."""

import asyncio
import os
import socket
import tempfile
from html import escape
from pathlib import Path
from typing import Any, Final

from hypercorn import asyncio as hypercorn
from hypercorn.config import Config

from .guard import RequestGuard

LOOPBACK: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 1.0


def listen(port: int = 0) -> socket.socket:
    """Return a listening socket on the loopback interface; port 0 takes a free one.

    Raises:
        OSError: the port is taken, or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def serve(application: RequestGuard, listener: socket.socket, stopped: asyncio.Event | None = None) -> None:
    """Serve until `stopped`, or until Ctrl-C."""
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # closed by the server
    config.graceful_timeout = _GRACE_SECONDS
    config.include_server_header = False
    config.accesslog = None  # it would contain the start token
    app: Any = application  # hypercorn has its own types for ASGI
    trigger = stopped.wait if stopped else None
    asyncio.run(hypercorn.serve(app, config, shutdown_trigger=trigger))  # pyright: ignore[reportUnknownMemberType]  # partly untyped


def write_launcher(start_url: str) -> Path:
    """Write a page, which only this user can read, that opens the start address.

    The browser is started with the file's name, so that the token does not appear in the list of processes.
    """
    handle, name = tempfile.mkstemp(prefix="booking-console-", suffix=".html")
    page = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={escape(start_url)}">'
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
    return Path(name)
