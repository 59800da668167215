"""The environment of the detached process, which is MiniStack's only configuration."""

import os
from pathlib import Path
from typing import Final, Protocol

from ..provider.aws import ACCOUNT, REGION

_INHERITED_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START")
"""The search path and the text encoding; no profile, no proxy, no credentials."""


class _Instance(Protocol):
    folder: Path

    @property
    def port(self) -> int: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def certificate(self) -> Path: ...
    @property
    def calls_file(self) -> Path: ...


DEFAULT_ACCOUNT_CONCURRENCY: Final = 1000
"""AWS's default quota of concurrent executions. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def inherited_environment() -> dict[str, str]:
    """Return the variables of this process that an instance's process may see."""
    return {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}


def daemon_environment(
    instance: _Instance,
    wait_scale: float,
    *,
    record_calls: bool = False,
    account_concurrency: int = DEFAULT_ACCOUNT_CONCURRENCY,
) -> dict[str, str]:
    """Return the environment of an instance's process, and thereby of its functions."""
    root = Path(__file__).parents[len(__name__.split(".")) - 1]
    return {
        **inherited_environment(),
        **({"BOOKING_EMBEDDED_RECORD": str(instance.calls_file)} if record_calls else {}),
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",  # each execution is a thread, and glibc does not release the arenas of ended ones
        "HOME": str(instance.folder),
        "TMPDIR": str(instance.folder / "tmp"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(instance.port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(account_concurrency),
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(instance.folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(instance.folder / "objects"),
        "SFN_WAIT_SCALE": str(wait_scale),
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(instance.certificate),
        "MINISTACK_SSL_KEY": str(instance.certificate.with_suffix(".key")),
        "AWS_ENDPOINT_URL": instance.endpoint,
        "AWS_CA_BUNDLE": str(instance.certificate),
    }
