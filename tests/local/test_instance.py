"""An embedded AWS starts detached, belongs to its folder, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import NotRunning, PortTaken, StartFailed, ToolMissing
from local.instance import Instance, connections
from local.instance.daemon_environment import daemon_environment


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    created = Instance.at(tmp_path)
    yield created
    created.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running instance for tests that do not stop it."""
    created = Instance.at(tmp_path_factory.mktemp("running"))
    created.start()
    yield created
    created.stop()


def _processes(word: str) -> list[str]:
    output = subprocess.run(["ps", "-ww", "-eo", "pid=,stat=,command="], capture_output=True, text=True, check=True)
    return [line for line in output.stdout.splitlines() if word in line and " Z" not in line[:20]]


def test_an_instance_responds_after_start_and_leaves_no_process_after_stop(instance: Instance) -> None:
    instance.start()
    assert instance.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert instance.stop() is True
    assert _processes(str(instance.folder)) == []
    assert not instance.folder.exists()


def test_only_the_owner_may_enter_the_folder_of_an_instance(instance: Instance) -> None:
    """This holds even if an earlier version or a lax umask left it open."""
    assert instance.id, "which creates the folder"
    instance.folder.chmod(0o755)
    instance.start()
    assert oct(instance.folder.stat().st_mode & 0o777) == "0o700"
    assert oct((instance.folder / "token").stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_ministack/reset"), ("POST", "/_ministack/config"), ("GET", "/_ministack/sqs/messages")],
)
def test_control_endpoints_need_the_instances_token(running: Instance, method: str, path: str) -> None:
    """Another user's program or a web page must not empty the account or read its messages."""
    running.client("sqs").create_queue(QueueName="kept")
    for headers in ({}, {connections.TOKEN_HEADER: "guessed"}):
        with pytest.raises(NotRunning, match="403"):
            connections.fetch(running.endpoint + path, running.certificate, method, headers)
    assert running.client("sqs").list_queues()["QueueUrls"]
    assert connections.fetch(running.endpoint + "/_ministack/health", running.certificate)
    running.reset()
    assert not running.client("sqs").list_queues().get("QueueUrls")


def test_missing_packages_are_reported_with_the_extra_to_install(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel was installed without its extra `local`."""
    monkeypatch.setitem(sys.modules, "hypercorn", None)  # its import fails, and it has no spec
    with pytest.raises(
        ToolMissing, match=r"not installed \(hypercorn\): install the extra `local`, as in `pip install"
    ):
        instance.start()


def test_starting_a_running_instance_changes_nothing(instance: Instance) -> None:
    instance.start()
    before = instance.status()
    instance.start()
    assert instance.status() == before


def test_another_process_can_find_and_stop_an_instance_by_its_folder(instance: Instance) -> None:
    """One command thus finds the instance that another command started."""
    instance.start()
    other = Instance(instance.folder)
    assert (other.id, other.port, other.pid) == (instance.id, instance.port, instance.pid)
    assert other.client("sts").get_caller_identity()["Account"]
    assert other.stop()
    assert not instance.is_running


def test_an_instance_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    """It holds none of that process's pipes, so `make up` in a script returns even if nobody reads its output."""
    code = (
        f"from pathlib import Path; from local.instance import Instance; Instance.at(Path({str(tmp_path)!r})).start()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    instance = Instance.at(tmp_path)
    assert instance.is_running
    pid = instance.pid
    assert pid is not None
    assert os.getsid(pid) == pid
    instance.stop()


def test_a_pid_file_with_the_pid_of_another_program_is_ignored(instance: Instance) -> None:
    """After a reboot the pid may belong to another process, which must not be killed."""
    assert instance.id, "which creates the folder"
    stranger = subprocess.Popen(["sleep", "3600"])
    try:
        (instance.folder / "pid").write_text(str(stranger.pid))
        assert not instance.is_running
        instance.start()
        assert instance.is_running
        instance.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_reported_and_the_next_start_uses_another(instance: Instance) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", instance.port))
        other.listen()
        with pytest.raises(PortTaken, match=r"^Port \d+ of the embedded AWS is taken by another program; .*\.$"):
            instance.start()
        instance.start()
        assert instance.is_running


def test_a_deployed_instance_never_changes_its_port(instance: Instance) -> None:
    """The engine's state contains URLs with the port."""
    port = instance.port
    instance.driver = "pulumi"
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortTaken, match="end that one, or give this state up"):
            instance.start()
    assert Instance(instance.folder).port == port


def test_a_killed_instance_is_reported_as_not_running_and_can_be_restarted(instance: Instance) -> None:
    instance.start()
    pid = instance.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    _until(lambda: not instance.is_running)
    with pytest.raises(NotRunning, match="booking up"):
        instance.client("sts")
    instance.start()
    assert instance.is_running


def test_a_process_that_exits_while_starting_is_reported(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StartFailed, match=r"^The embedded AWS ended while it was starting: "):
        instance.start()


def test_a_crash_leaves_an_empty_account_and_no_outputs(instance: Instance) -> None:
    """Restoring only a part would be worse: objects without the orders that they record."""
    instance.start()
    instance.client("s3").create_bucket(Bucket="lost")
    instance.client("s3").put_object(Bucket="lost", Key="object", Body=b"x")
    instance.stop(keep=True)
    instance.start()
    assert instance.client("s3").get_object(Bucket="lost", Key="object")["Body"].read() == b"x"
    instance.save_outputs({"bucket": "lost"})
    pid = instance.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    _until(lambda: not instance.is_running)
    instance.start()
    assert not instance.client("s3").list_buckets()["Buckets"]
    assert instance.outputs() == {}


def test_a_kept_instance_has_its_resources_after_a_restart(instance: Instance) -> None:
    instance.start()
    instance.client("sqs").create_queue(QueueName="kept")
    urls = instance.client("sqs").list_queues()["QueueUrls"]
    instance.stop(keep=True)
    instance.start()
    assert instance.client("sqs").list_queues()["QueueUrls"] == urls


def test_reset_empties_the_account_and_removes_the_outputs(instance: Instance) -> None:
    instance.start()
    instance.client("sqs").create_queue(QueueName="gone")
    instance.save_outputs({"queue": "gone"})
    instance.reset()
    assert not instance.client("sqs").list_queues().get("QueueUrls")
    assert instance.outputs() == {}


def test_an_instance_does_not_inherit_the_users_environment(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise functions could use the user's profile or proxy."""
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "HTTPS_PROXY", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "of-the-user")
    assert "of-the-user" not in daemon_environment(instance, 1.0).values()
    instance.start()
    assert instance.client("sts").get_caller_identity()["Account"]


def _until(condition: object, seconds: float = 900) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.02)
    raise AssertionError("the condition did not become true in time")


def test_a_full_disk_is_reported(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 2**20))
    with pytest.raises(ToolMissing, match=r"^Only 1 MiB are free where .* lies, .*: free some space\.$"):
        instance.start()


def test_a_missing_openssl_is_reported(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match=r"^openssl is missing, .* Install the package openssl\.$"):
        instance.start()


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".booking").write_text("a file where a folder should be")
    with pytest.raises(ToolMissing, match=r"^The folder .* cannot be created: "):
        Instance.at(tmp_path).start()


def test_two_concurrent_starts_start_one_process(tmp_path: Path) -> None:
    """A second `up` waits for the first, and no untracked process remains."""
    code = (
        f"from pathlib import Path; from local.instance import Instance; Instance.at(Path({str(tmp_path)!r})).start()"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    instance = Instance.at(tmp_path)
    try:
        assert [process.wait() for process in both] == [0, 0]
        assert len(_processes(str(instance.folder))) == 1
    finally:
        instance.stop()
    assert _processes(str(instance.folder)) == []
