"""AWS's own DynamoDB for one machine, started for the tests of one session."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tests.environment import require

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / ".build" / "judges" / "dynamodb-local" / "libs"


def client(service: str, endpoint: str) -> Any:
    """A boto3 client that tries once and takes no credentials from its surroundings."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20, s3={"addressing_style": "path"}),
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], log: Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    """A child process, stopped at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,  # DynamoDB Local leaves a file where it runs
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(dynamodb: Any, log: Path) -> None:
    """Wait until the endpoint answers; says what the process said when it does not."""
    for _ in range(150):
        try:
            dynamodb.list_tables()
        except BotoCoreError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"no answer in 15 seconds; its log: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def dynamodb_local(folder: Path) -> Iterator[Any]:
    """A client of a fresh DynamoDB Local."""
    require(shutil.which("java"), "DynamoDB Local needs Java, which is not on PATH.")
    require(LIBRARIES.is_dir(), "DynamoDB Local is not installed: run `make judges`.")
    port, log = free_port(), folder / "dynamodb-local.log"
    command = ["java", f"-Djava.library.path={LIBRARIES}", "-Xmx256m", "-cp", f"{LIBRARIES}/*"]
    command += ["software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-port", str(port)]
    with running(command, log):
        dynamodb = client("dynamodb", f"http://127.0.0.1:{port}")
        await_answer(dynamodb, log)
        yield dynamodb


@contextlib.contextmanager
def ministack(folder: Path) -> Iterator[Callable[[str], Any]]:
    """A fresh MiniStack, as the embedded AWS runs it but without its permissions: clients by service."""
    port, log = free_port(), folder / "ministack.log"
    environment = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    environment |= {"LOG_LEVEL": "WARNING", "HOME": str(folder), "TMPDIR": str(folder), "PERSIST_STATE": "0"}
    with running([str(Path(sys.executable).with_name("ministack"))], log, environment):
        await_answer(client("dynamodb", f"http://127.0.0.1:{port}"), log)
        yield lambda service: client(service, f"http://127.0.0.1:{port}")
