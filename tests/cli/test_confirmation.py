"""`booking destroy` and `booking down` list what they delete, and ask for confirmation on a terminal."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from cli.main import run
from local.instance import Instance

from .conftest import BOOKING

RESOURCES = [
    {"urn": "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", "type": "pulumi:pulumi:Stack", "custom": False},
    {"urn": "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::audit", "type": "aws:s3/bucket:Bucket", "custom": True},
    {"urn": "urn:pulumi:dev::shop::aws:sqs/queue:Queue::parking", "type": "aws:sqs/queue:Queue", "custom": True},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a program whose stage dev the engine deployed into an embedded AWS, now stopped."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").touch()
    instance = Instance.at(tmp_path)
    instance.driver = "pulumi"
    instance.save_outputs({"ordersTable": "orders-1a2b", "auditBucket": "audit-3c4d"})
    state = state_file(tmp_path)
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": RESOURCES}}}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def state_file(folder: Path) -> Path:
    return folder / ".booking" / "default" / "engine" / "state" / ".pulumi" / "stacks" / "shop" / "dev.json"


def answer_on_terminal(folder: Path, answer: str, *arguments: str) -> tuple[int, str]:
    """Run the command on a terminal, answer its question, and return its exit code and output."""
    terminal, command_side = pty.openpty()
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    process = subprocess.Popen(
        [str(BOOKING), *arguments],
        cwd=folder,
        stdin=command_side,
        stdout=command_side,
        stderr=command_side,
        env=environment,
    )
    os.close(command_side)
    os.write(terminal, f"{answer}\n".encode())
    printed = b""
    try:
        while chunk := os.read(terminal, 4096):
            printed += chunk
    except OSError:
        pass  # Linux reports the end of the other side as an error
    os.close(terminal)
    return process.wait(), printed.decode()


def test_destroy_without_a_terminal_lists_the_resources_and_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["destroy"]) == 64
    printed = capsys.readouterr().err
    assert "2 resources of stage dev in the embedded AWS (default) will be deleted" in printed
    assert "aws:s3/bucket:Bucket" in printed
    assert "parking" in printed
    assert "pulumi:pulumi:Stack" not in printed
    assert printed.endswith("there is no terminal to ask on. Add --yes to confirm.\n")
    assert not Instance.at(folder).is_running


@pytest.mark.parametrize("answer", ["n", "", "no"])
@pytest.mark.parametrize("verb", ["destroy", "down"])
def test_an_answer_other_than_yes_deletes_nothing(folder: Path, verb: str, answer: str) -> None:
    code, printed = answer_on_terminal(folder, answer, verb)
    assert code == 1
    assert "[y/N]" in printed
    assert "Nothing was deleted." in printed
    assert state_file(folder).exists()


def test_down_on_a_terminal_lists_the_data_and_deletes_it_after_a_yes(folder: Path) -> None:
    code, printed = answer_on_terminal(folder, "y", "down")
    assert code == 0
    assert "orders-1a2b and audit-3c4d" in printed
    assert "the Pulumi engine's state" in printed
    assert not (folder / ".booking" / "default").exists()


@pytest.mark.parametrize("arguments", [["down"], ["down", "--yes"]])
def test_down_without_a_terminal_does_not_ask(folder: Path, arguments: list[str]) -> None:
    """Scripts rely on it, and the embedded AWS is disposable."""
    assert run(arguments) == 0
    assert not (folder / ".booking" / "default").exists()


def test_down_of_an_embedded_aws_without_a_deployment_does_not_ask(folder: Path) -> None:
    (folder / ".booking" / "default" / "outputs.json").unlink()
    code, printed = answer_on_terminal(folder, "n", "down")
    assert (code, "[y/N]" in printed) == (0, False)


def test_down_that_keeps_the_folder_does_not_ask(folder: Path) -> None:
    code, printed = answer_on_terminal(folder, "n", "down", "--keep")
    assert (code, "[y/N]" in printed) == (0, False)
    assert state_file(folder).exists()
