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
    made = Instance.at(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running instance for tests that do not stop it."""
    made = Instance.at(tmp_path_factory.mktemp("running"))
    made.start()
    yield made
    made.stop()


def _processes(word: str) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,stat=,command="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if word in line and " Z" not in line[:20]]


def test_it_answers_after_start_and_leaves_no_process_after_stop(instance: Instance) -> None:
    instance.start()
    assert instance.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert instance.stop() is True
    assert _processes(str(instance.folder)) == []
    assert not instance.folder.exists()


def test_only_the_owner_may_enter_its_folder(instance: Instance) -> None:
    """Also where an earlier version, or a careless umask, left it open."""
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
    """Another user's program, or a page in a browser, must not empty the account or read its messages."""
    running.client("sqs").create_queue(QueueName="kept")
    for headers in ({}, {connections.TOKEN_HEADER: "guessed"}):
        with pytest.raises(NotRunning, match="403"):
            connections.fetch(running.endpoint + path, running.certificate, method, headers)
    assert running.client("sqs").list_queues()["QueueUrls"]
    assert connections.fetch(running.endpoint + "/_ministack/health", running.certificate)
    running.reset()
    assert not running.client("sqs").list_queues().get("QueueUrls")


def test_missing_packages_are_one_sentence_that_says_what_to_install(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel without its extra `local`."""
    monkeypatch.setitem(sys.modules, "hypercorn", None)  # an import of it fails, and it has no spec
    with pytest.raises(
        ToolMissing, match=r"not installed \(hypercorn\): install the extra `local`, as in `pip install"
    ):
        instance.start()


def test_starting_a_running_one_changes_nothing(instance: Instance) -> None:
    instance.start()
    before = instance.status()
    instance.start()
    assert instance.status() == before


def test_another_process_of_the_same_folder_finds_and_stops_it(instance: Instance) -> None:
    """One command finds the instance that another has started, by its folder alone."""
    instance.start()
    other = Instance(instance.folder)
    assert (other.id, other.port, other.pid) == (instance.id, instance.port, instance.pid)
    assert other.client("sts").get_caller_identity()["Account"]
    assert other.stop()
    assert not instance.is_running


def test_it_outlives_the_process_that_started_it_and_holds_no_pipe_of_it(tmp_path: Path) -> None:
    """`make up` in a script returns even if its output is not read."""
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


def test_a_stale_pid_file_of_a_stranger_is_not_believed(instance: Instance) -> None:
    """After a reboot the pid belongs to another process, which must not be ended."""
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


def test_a_taken_port_is_one_sentence_and_the_next_start_takes_another(instance: Instance) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", instance.port))
        other.listen()
        with pytest.raises(PortTaken, match=r"^Port \d+ of the embedded AWS is taken by another program; .*\.$"):
            instance.start()
        instance.start()
        assert instance.is_running


def test_a_deployed_state_keeps_its_port_and_says_so(instance: Instance) -> None:
    """URLs with the port are in the engine's state, so it cannot move."""
    port = instance.port
    instance.driver = "pulumi"
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortTaken, match="end that one, or give this state up"):
            instance.start()
    assert Instance(instance.folder).port == port


def test_a_killed_instance_is_reported_as_gone_and_starts_again(instance: Instance) -> None:
    instance.start()
    pid = instance.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    _until(lambda: not instance.is_running)
    with pytest.raises(NotRunning, match="booking up"):
        instance.client("sts")
    instance.start()
    assert instance.is_running


def test_a_process_that_dies_while_starting_is_one_sentence(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StartFailed, match=r"^The embedded AWS ended while it was starting: "):
        instance.start()


def test_after_a_crash_the_account_is_empty_and_nothing_is_deployed(instance: Instance) -> None:
    """Half of what there was would be worse: objects without the orders that they record."""
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


def test_reset_empties_the_account_and_forgets_what_was_deployed(instance: Instance) -> None:
    instance.start()
    instance.client("sqs").create_queue(QueueName="gone")
    instance.save_outputs({"queue": "gone"})
    instance.reset()
    assert not instance.client("sqs").list_queues().get("QueueUrls")
    assert instance.outputs() == {}


def test_nothing_of_the_users_shell_reaches_it(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile or a proxy of the user's would reach the functions, and through them the world."""
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
    raise AssertionError("it did not come to pass")


def test_a_full_disk_is_one_sentence(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 2**20))
    with pytest.raises(ToolMissing, match=r"^Only 1 MiB are free where .* lies, .*: free some space\.$"):
        instance.start()


def test_a_missing_openssl_is_one_sentence(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match=r"^openssl is missing, .* Install the package openssl\.$"):
        instance.start()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".booking").write_text("a file where a folder should be")
    with pytest.raises(ToolMissing, match=r"^The folder .* cannot be created: "):
        Instance.at(tmp_path).start()


def test_two_concurrent_starts_start_one_process(tmp_path: Path) -> None:
    """A second `up` waits for the first; no process is left that its folder does not know."""
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
