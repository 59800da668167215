"""`booking up` and `booking down` write to and remove only folders that they have created (F1)."""

import json
import shutil
from pathlib import Path

import pytest

from cli.main import run
from local.errors import ForeignFolder, InvalidInstanceName
from local.instance import Instance, run_folder

PRECIOUS = "years of work"
INVALID_NAMES = [
    "..",
    ".",
    "",
    "../../precious",
    "a/b",
    "a\\b",
    "Default",
    "a b",
    "ä",
    "a\n",
    "x" * 64,
    "~",
    "*",
    "$HOME",
]
VERBS = [("down",), ("down", "--keep"), ("up", "--no-tour", "--engine", "in-process")]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program's folder next to a folder of the user's that must never change."""
    root = tmp_path / "checkout"
    for folder in (root, tmp_path / "precious"):
        folder.mkdir()
        (folder / "work.txt").write_text(PRECIOUS)
    (root / "Pulumi.yaml").write_text("name: booking\n")
    (root / "__main__.py").write_text("")
    monkeypatch.chdir(root)
    return root


def assert_nothing_was_lost(checkout: Path) -> None:
    for folder in (checkout, checkout.with_name("precious")):
        assert (folder / "work.txt").read_text() == PRECIOUS


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("name", INVALID_NAMES)
def test_an_invalid_instance_name_is_a_usage_error(
    checkout: Path, name: str, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*verb, "--instance", name]) == 64
    assert "is not valid: use 1-63 of the characters a-z, 0-9 and -." in capsys.readouterr().err
    assert_nothing_was_lost(checkout)
    assert not (checkout / ".booking").exists()


def test_an_instance_name_in_the_environment_is_validated(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOOKING_INSTANCE", "..")
    assert run(["down"]) == 64
    assert "BOOKING_INSTANCE" in capsys.readouterr().err
    assert_nothing_was_lost(checkout)


def test_an_absolute_path_is_not_a_valid_instance_name(checkout: Path) -> None:
    with pytest.raises(InvalidInstanceName):
        Instance.at(checkout, str(checkout.with_name("precious")))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("marker", [None, "", "[]", "null", '{"schema": 1}', '{"schema": 1, "id": "x", "port": 80}'])
def test_a_folder_without_a_valid_marker_is_neither_used_nor_removed(
    checkout: Path, marker: str | None, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkout / ".booking" / "default"
    folder.mkdir(parents=True)
    (folder / "work.txt").write_text(PRECIOUS)
    if marker is not None:
        (folder / "instance.json").write_text(marker)
    before = sorted(folder.rglob("*"))
    assert run(list(verb)) == 1
    assert "was not created by `booking up`" in capsys.readouterr().err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("link", [".booking", ".booking/default"])
def test_a_linked_folder_is_neither_used_nor_removed(
    checkout: Path, link: str, verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    precious = checkout.with_name("precious")
    run_folder.write_marker(precious, {"schema": 1, "id": "0" * 12, "port": 4566})
    (checkout / link).parent.mkdir(exist_ok=True)
    (checkout / link).symlink_to(precious)
    assert run(list(verb)) == 1
    assert "is a link" in capsys.readouterr().err
    assert_nothing_was_lost(checkout)


def test_removal_deletes_links_and_leaves_their_targets(checkout: Path) -> None:
    instance = Instance.at(checkout)
    assert instance.port
    (instance.folder / "objects").symlink_to(checkout.with_name("precious"))
    (instance.folder / "tmp" / "link").symlink_to(checkout / "work.txt")
    assert instance.stop() is True
    assert not instance.folder.exists()
    assert_nothing_was_lost(checkout)


def test_an_instance_never_starts_with_a_link_among_its_folders(checkout: Path) -> None:
    instance = Instance.at(checkout)
    assert instance.port
    (instance.folder / "objects").symlink_to(checkout.with_name("precious"))
    with pytest.raises(ForeignFolder, match="objects is a link"):
        instance.start()
    assert_nothing_was_lost(checkout)


def test_a_linked_marker_is_not_accepted(checkout: Path) -> None:
    folder = checkout / ".booking" / "default"
    folder.mkdir(parents=True)
    real = checkout / "elsewhere.json"
    real.write_text(json.dumps({"schema": 1, "id": "0" * 12, "port": 4566}))
    (folder / "instance.json").symlink_to(real)
    with pytest.raises(ForeignFolder):
        Instance.at(checkout).stop()
    assert folder.exists()


def test_an_interrupted_removal_can_be_repeated(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marker is removed last."""
    instance = Instance.at(checkout)
    assert instance.port

    def interrupt(path: object, *_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            instance.stop()
    assert run_folder.require_own_folder(instance.folder)
    Instance.at(checkout).stop()
    assert not instance.folder.exists()
