"""Connections to an instance: clients as administrator or in a role, plain HTTP requests, and ports."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import NotRunning, ToolMissing
from ..provider.aws import AwsClient

if TYPE_CHECKING:
    from boto3.session import Session

_VALIDITY_DAYS: Final = 825
TOKEN_HEADER: Final = "x-booking-token"  # noqa: S105 - the name of a header
"""The header with the token of MiniStack's own endpoints (see `control`)."""
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
"""A user's profiles and files do not apply to an embedded AWS."""
_making_client: Final = threading.Lock()
"""Threads may share clients but not create them concurrently."""


def connect(
    service: str,
    endpoint: str,
    certificate: Path,
    region: str,
    credentials: Mapping[str, str | None] = _ADMINISTRATOR,
) -> AwsClient:
    """Return a boto3 client of a service, as administrator or with credentials from STS."""
    from botocore.config import Config

    with _making_client:
        client: AwsClient = _session().client(
            service,  # type: ignore[call-overload]  # the name comes from the caller
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=region,
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
    return client


@cache
def _session() -> "Session":
    """Return the shared session of all clients: a new one would parse botocore's endpoints again (0.1 s)."""
    import botocore.session
    from boto3.session import Session

    return Session(botocore_session=botocore.session.Session(session_vars=_NO_USER_FILES))


def fetch(url: str, certificate: Path, method: str = "GET", headers: Mapping[str, str] | None = None) -> bytes:
    """Return the body of an answer. Raises NotRunning if there is none."""
    context = ssl.create_default_context(cafile=str(certificate))
    request = urllib.request.Request(url, method=method, headers=dict(headers or {}))  # noqa: S310 - always https
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=30) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise NotRunning(f"The embedded AWS does not answer at {url}: {error}") from error


def free_port() -> int:
    """Return a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_free_port(port: int, timeout_seconds: float = 3) -> bool:
    """Return whether the port becomes free soon: a killed owner, or an outgoing connection, may hold it briefly."""
    end = time.monotonic() + timeout_seconds
    while not is_port_free(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def is_port_free(port: int) -> bool:
    """Return whether the port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def ensure_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the certificate and its key in the folder, and create them if necessary."""
    certificate_, key = folder / "instance.crt", folder / "instance.key"
    if not (certificate_.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        _generate(certificate_, key)
    return certificate_, key


def _generate(certificate: Path, key: Path) -> None:
    """Create a self-signed certificate without CA rights, with an elliptic-curve key, which is fast to create."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ToolMissing("openssl is missing, and the embedded AWS needs it for https. Install the package openssl.")
    extensions = (
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth",
    )
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-keyout",
        str(key),
        "-out",
        str(certificate),
        "-days",
        str(_VALIDITY_DAYS),
        "-subj",
        "/CN=booking embedded AWS",
    ]
    command += [part for extension in extensions for part in ("-addext", extension)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissing(f"openssl could not make a certificate: {done.stderr.strip().splitlines()[-1]}")
    key.chmod(0o600)
