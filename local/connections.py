"""How to reach an instance: clients with an administrator's rights or others', plain questions, and ports."""

import os
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .errors import NotRunning

ADMINISTRATOR_CREDENTIALS: Final = ("test", "test")
"""MiniStack's administrator."""
_ADMINISTRATOR: Final = {
    "AccessKeyId": ADMINISTRATOR_CREDENTIALS[0],
    "SecretAccessKey": ADMINISTRATOR_CREDENTIALS[1],
    "SessionToken": None,
}
_NO_USER_FILES: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""A user's profiles and files say nothing about an embedded AWS."""


def connect(
    service: str,
    endpoint: str,
    certificate: Path,
    region: str,
    credentials: Mapping[str, str | None] = _ADMINISTRATOR,
) -> Any:
    """A boto3 client of a service, with an administrator's rights or with credentials as STS gives them."""
    import boto3
    import botocore.session
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
        botocore_session=botocore.session.Session(session_vars=_NO_USER_FILES),
    )
    return session.client(
        service,  # type: ignore[call-overload]  # the name comes from the caller
        endpoint_url=endpoint,
        verify=str(certificate),
        config=Config(
            retries={"mode": "standard", "max_attempts": 3},
            read_timeout=65,
            max_pool_connections=64,
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )


def fetch(url: str, certificate: Path, method: str = "GET") -> bytes:
    """The answer to a plain question; raises NotRunning where there is none."""
    context = ssl.create_default_context(cafile=str(certificate))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(urllib.request.Request(url, method=method), timeout=30) as answer:  # noqa: S310 - always https
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise NotRunning(f"The embedded AWS does not answer at {url}: {error}") from error


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_free_port(port: int, timeout_seconds: float = 3) -> bool:
    """Whether the port can be had soon: a killed owner, or a stranger's outgoing connection, holds it for a moment."""
    end = time.monotonic() + timeout_seconds
    while not is_port_free(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def is_port_free(port: int) -> bool:
    """Could one listen on it?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
