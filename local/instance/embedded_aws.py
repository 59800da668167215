"""An instance of the embedded AWS: a detached process, and a run folder with all its files.

Longer than 250 lines because one class owns the folder; its helpers are in `connections` and `processes`.

    instance = Instance.at(Path.cwd())       # .booking/default below the given folder
    instance.start()                         # returns once it answers; may already be running
    instance.client("dynamodb")              # a boto3 client with an administrator's rights
    instance.stop()                          # ends it and its functions, and removes the folder unless keep=True

The folder, which only its owner may enter: `instance.json` (id and port: fixed, since URLs with it are in the deployed
state), `pid`, `instance.log`, `token` (for the control endpoints), `tls/`, `tmp/`, `outputs.json` (of the deployed
stack), `driver`, `journal.jsonl`, and the drivers' own files.
"""

import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import InstanceError, NotRunning, PortTaken, StartFailed, ToolMissing
from ..provider.aws import REGION, Aws, AwsClient
from ..provider.property_values import ReadonlyValues, Values
from . import connections, processes, run_folder
from .companions import Companion, running_companions, stop_companions
from .connections import ensure_certificate
from .daemon_environment import DEFAULT_ACCOUNT_CONCURRENCY, daemon_environment
from .function_runtime import check_packages

_MIN_FREE_DISK = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of an instance, as `booking status` shows it."""

    name: str
    folder: Path
    running: bool
    pid: int | None
    endpoint: str | None
    driver: str | None
    deployed: bool


class Instance:
    """One embedded AWS, running or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.parent.resolve() / folder.name
        self.name = folder.name
        self._child: subprocess.Popen[bytes] | None = None
        self._clients: dict[tuple[str, str | None], AwsClient] = {}

    @classmethod
    def at(cls, root: Path, name: str = "default") -> "Instance":
        """Return the instance `name` of the program in `root`. Raises InvalidInstanceName or ForeignFolder."""
        return cls(run_folder.folder_of(root, name))

    # ---- properties -------------------------------------------------------------------------------------------

    @cached_property
    def _identity(self) -> Mapping[str, object]:
        self._ensure_folder()
        identity = run_folder.read_marker(self.folder)
        assert identity is not None, "the folder was just proven to be ours"
        return identity

    @property
    def id(self) -> str:
        return str(self._identity["id"])

    @property
    def port(self) -> int:
        """The port, which stays the same as long as the folder exists."""
        return int(str(self._identity["port"]))

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate that a client must trust (AWS_CA_BUNDLE)."""
        return self.folder / "tls" / "instance.crt"

    @property
    def pid(self) -> int | None:
        """The id of the instance's process, or None if it is not running.

        A stale file may contain the id of another process, which is ignored.
        """
        try:
            pid = int((self.folder / "pid").read_text())
        except (OSError, ValueError):
            return None
        if self._child is not None and self._child.pid == pid and self._child.poll() is not None:
            return None
        return pid if processes.is_running(pid, str(self.folder)) else None

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    def status(self) -> Status:
        pid = self.pid
        return Status(
            name=self.name,
            folder=self.folder,
            running=pid is not None,
            pid=pid,
            endpoint=self.endpoint if pid is not None else None,
            driver=self.driver,
            deployed=self.outputs() != {},
        )

    # ---- lifecycle --------------------------------------------------------------------------------------------

    def start(
        self,
        *,
        wait_scale: float = 1.0,
        record_calls: bool = False,
        account_concurrency: int = DEFAULT_ACCOUNT_CONCURRENCY,
        timeout_seconds: float = 60,
    ) -> None:
        """Start the instance as a detached process, and return once it answers.

        `wait_scale` (0 to 1) shortens the state machines' waits and backoff; `record_calls` makes every function record
        its AWS calls (see `recorded_calls`). `account_concurrency` is the account's Lambda quota of concurrent
        executions: 1,000 as in an established account, 10 in a new one. Raises PortTaken, StartFailed, ForeignFolder or
        ToolMissing.
        """
        check_packages()
        self._check_disk()
        with processes.exclusive_lock(self.folder / "lock"):
            if self.is_running:
                return
            run_folder.reject_links_in(self.folder)
            self.folder.chmod(0o700)
            self._ensure_token()
            ensure_certificate(self.folder / "tls")
            if not connections.wait_for_free_port(self.port):
                raise self._port_error()
            self._discard_unsaved_state()
            self._spawn(
                daemon_environment(self, wait_scale, record_calls=record_calls, account_concurrency=account_concurrency)
            )
            self._wait_until_healthy(timeout_seconds)

    def stop(self, *, keep: bool = False) -> bool:
        """End the process and its children, and remove the folder unless `keep` is true.

        Return whether there was anything to end or remove. Raises ForeignFolder, without ending or removing anything,
        if the folder is not an instance's.
        """
        existed = run_folder.require_own_folder(self.folder)
        pid = self.pid
        stop_companions(self.folder)
        if pid is not None:
            processes.terminate_group(pid, politely=keep)
            if self._child is not None:
                self._child.wait()
        (self.folder / "pid").unlink(missing_ok=True)
        if not keep:
            run_folder.remove(self.folder)
            self.__dict__.pop("_identity", None)
        self._clients.clear()
        self._child = None
        return pid is not None or (existed and not keep)

    def start_companion(self, name: str, command: Sequence[str], root: Path) -> str:
        """Run a process that ends with the instance, and return its address (see `companions`)."""
        if not self.is_running:
            raise NotRunning("The embedded AWS is not running. Start it with `booking up`.")
        return Companion(self.folder, name).start(command, root)

    def companions(self) -> dict[str, str]:
        """Return the address of each process that runs beside the instance, by name."""
        return running_companions(self.folder)

    def reset(self) -> None:
        """Empty the account: delete every resource, and the files about them."""
        run_folder.require_own_folder(self.folder)
        self._fetch("/_ministack/reset", method="POST")
        self._clients.clear()
        for name in ("outputs.json", "journal.jsonl", "stacks"):
            run_folder.delete(self.folder / name)

    def deployment_lock(self, on_wait: Callable[[], object]) -> AbstractContextManager[None]:
        """Hold the deployment lock: another deployment into this instance calls `on_wait` and waits."""
        self._ensure_folder()
        return processes.exclusive_lock(self.folder / "deployment.lock", on_wait)

    # ---- contents ---------------------------------------------------------------------------------------------

    def client(self, service: str, role: str | None = None) -> Any:
        """Return a boto3 client of a service, as administrator or in a role (its ARN)."""
        if not self.is_running:
            raise NotRunning("The embedded AWS is not running. Start it with `booking up`.")
        if (service, role) not in self._clients:
            self._clients[service, role] = self._connect(service) if role is None else self._connect_as(role, service)
        return self._clients[service, role]

    def aws(self, default_tags: Mapping[str, str] | None = None) -> Aws:
        """Return the account for the provider's resource types."""
        return Aws(connect=self._connect, folder=self.folder, default_tags=default_tags or {})

    def outputs(self) -> Values:
        """Return the outputs of the deployed stack; empty before a deployment."""
        file = self.folder / "outputs.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def save_outputs(self, outputs: ReadonlyValues) -> None:
        """Save the outputs of a deployment and the name of its driver."""
        self._ensure_folder()
        (self.folder / "outputs.json").write_text(json.dumps(outputs, indent=2) + "\n")

    @property
    def calls_file(self) -> Path:
        """The file in which functions record their AWS calls."""
        return self.folder / "calls.jsonl"

    @property
    def driver(self) -> str | None:
        """The driver that deployed here: "in-process" or "pulumi"; None on an empty instance."""
        file = self.folder / "driver"
        return file.read_text().strip() if file.exists() else None

    @driver.setter
    def driver(self, name: str) -> None:
        self._ensure_folder()
        (self.folder / "driver").write_text(name + "\n")

    def environment(self) -> dict[str, str]:
        """Return the environment in which AWS tools work on this instance."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": connections.ADMINISTRATOR_CREDENTIALS[0],
            "AWS_SECRET_ACCESS_KEY": connections.ADMINISTRATOR_CREDENTIALS[1],
        }

    def log_tail(self, lines: int = 20) -> list[str]:
        """Return the last lines of the process's log."""
        file = self.folder / "instance.log"
        return file.read_text(errors="replace").splitlines()[-lines:] if file.exists() else []

    # ---- helpers ----------------------------------------------------------------------------------------------

    def _connect(self, service: str) -> AwsClient:
        return connections.connect(service, self.endpoint, self.certificate, REGION)

    def _connect_as(self, role: str, service: str) -> AwsClient:
        credentials = self.client("sts").assume_role(RoleArn=role, RoleSessionName="client")["Credentials"]
        return connections.connect(service, self.endpoint, self.certificate, REGION, credentials)

    def _spawn(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", f"{__package__}.daemon", str(self.folder)]
        self._child = processes.spawn(command, self.folder, environment, self.folder / "instance.log")
        (self.folder / "pid").write_text(str(self._child.pid))

    def _wait_until_healthy(self, timeout_seconds: float) -> None:
        assert self._child is not None
        end = time.monotonic() + timeout_seconds
        while time.monotonic() < end:
            if self._child.poll() is not None:
                raise StartFailed(f"The embedded AWS ended while it was starting: {self._last_log_line()}")
            try:
                self._fetch("/_ministack/health")
            except InstanceError:
                time.sleep(0.05)
            else:
                return
        self.stop(keep=True)
        raise StartFailed(f"The embedded AWS did not answer within {timeout_seconds:.0f} s: {self._last_log_line()}")

    def _last_log_line(self) -> str:
        lines = [line for line in self.log_tail() if line.strip()]
        return f"{lines[-1].strip()} (see {self.folder / 'instance.log'})" if lines else "it wrote no log"

    def _fetch(self, path: str, method: str = "GET") -> bytes:
        headers = {connections.TOKEN_HEADER: self._token.read_text()} if self._token.exists() else {}
        return connections.fetch(self.endpoint + path, self.certificate, method, headers)

    @property
    def _token(self) -> Path:
        """The file with the token of the control endpoints."""
        return self.folder / "token"

    def _ensure_token(self) -> None:
        if not self._token.exists():
            self._token.touch(mode=0o600)
            self._token.write_text(secrets.token_urlsafe(24))

    def _discard_unsaved_state(self) -> None:
        """Start with an empty account after a crash, because the files may be incomplete."""
        saved = self.folder / "saved"
        if not saved.exists():
            for name in ("state", "objects", "outputs.json", "journal.jsonl", "stacks", "driver", "engine/state"):
                run_folder.delete(self.folder / name)
        saved.unlink(missing_ok=True)

    def _check_disk(self) -> None:
        self._ensure_folder()
        free = shutil.disk_usage(self.folder).free
        if free < _MIN_FREE_DISK:
            raise ToolMissing(
                f"Only {free // 2**20} MiB are free where {self.folder} lies, and the embedded AWS needs "
                f"{_MIN_FREE_DISK // 2**20} MiB: free some space."
            )

    def _ensure_folder(self) -> None:
        run_folder.create(self.folder, self._new_identity)
        (self.folder / "tmp").mkdir(exist_ok=True)

    @staticmethod
    def _new_identity() -> dict[str, object]:
        return {"schema": 1, "id": secrets.token_hex(6), "port": connections.free_port()}

    def _port_error(self) -> PortTaken:
        """Return the error for a taken port.

        Without a stack of the engine, whose state contains URLs, the next start takes another port.
        """
        port = self.port
        if self.driver != "pulumi":
            run_folder.write_marker(self.folder, {**self._identity, "port": connections.free_port()})
            self.__dict__.pop("_identity", None)
            return PortTaken(
                f"Port {port} of the embedded AWS is taken by another program; the next run takes another port."
            )
        return PortTaken(
            f"Port {port}, which the deployed state of {self.folder} is bound to, is taken by another program: "
            "end that one, or give this state up with `booking down`."
        )
