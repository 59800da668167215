"""Servers on this machine that the fakes are compared with: AWS's own DynamoDB Local, and MiniStack."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from local.instance.connections import free_port
from tests.environment import require

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / ".build" / "judges" / "dynamodb-local" / "libs"


def client(service: str, endpoint: str) -> Any:
    """Return a boto3 client without retries, with a long timeout for busy machines, and with test credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=300, s3={"addressing_style": "path"}),
    )


@contextlib.contextmanager
def run_server(command: list[str], log: Path, port: int, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Run a DynamoDB server until the end of the block, and yield its endpoint once it answers."""
    endpoint = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,  # DynamoDB Local leaves a file where it runs
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    try:
        wait_until_it_answers(client("dynamodb", endpoint), process, log)
        yield endpoint
    finally:
        process.kill()  # it stores nothing
        process.wait()


def wait_until_it_answers(dynamodb: Any, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers; raise RuntimeError with its log if the process ends."""
    while process.poll() is None:
        try:
            dynamodb.list_tables()
        except BotoCoreError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server ended before it answered; its log: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def dynamodb_local(folder: Path) -> Iterator[Any]:
    """A client of a fresh DynamoDB Local."""
    require(shutil.which("java"), "DynamoDB Local needs Java, which is not on PATH.")
    require(LIBRARIES.is_dir(), "DynamoDB Local is not installed: run `make judges`.")
    port = free_port()
    command = ["java", f"-Djava.library.path={LIBRARIES}", "-Xmx256m", "-cp", f"{LIBRARIES}/*"]
    command += ["software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-port", str(port)]
    with run_server(command, folder / "dynamodb-local.log", port) as endpoint:
        yield client("dynamodb", endpoint)


@contextlib.contextmanager
def ministack(folder: Path) -> Iterator[Callable[[str], Any]]:
    """Clients, by service, of a fresh MiniStack: as the embedded AWS runs it, but without its permissions."""
    port = free_port()
    environment = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    environment |= {"LOG_LEVEL": "WARNING", "HOME": str(folder), "TMPDIR": str(folder), "PERSIST_STATE": "0"}
    command = [str(Path(sys.executable).with_name("ministack"))]
    with run_server(command, folder / "ministack.log", port, environment) as endpoint:
        yield lambda service: client(service, endpoint)
