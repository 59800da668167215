"""The run folder of an embedded AWS: valid names, the marker that makes a folder ours, and its removal.

Starting and stopping create and delete a folder, so both first verify that it is ours: its name is a plain word,
neither it nor `.booking` is a link, and it contains the marker that `create` wrote. Nothing else is ever written to or
removed.
"""

import contextlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import ForeignFolder, InvalidInstanceName, ToolMissing

FOLDER = ".booking"
"""The folder of instances, next to the program."""
MARKER = "instance.json"
"""The file that identifies an instance: `{"schema": 1, "id": 12 hexadecimal digits, "port": 1-65535}`."""

_NAME = re.compile(r"[a-z0-9-]{1,63}")
_ID = re.compile(r"[0-9a-f]{12}")
_REMOVAL_ATTEMPTS = 20


def folder_of(root: Path, name: str) -> Path:
    """Return the folder of the instance `name` below `root`.

    Raises:
        InvalidInstanceName: the name could lead to another folder.
        ForeignFolder: `.booking` is a link.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInstanceName(
            f"The instance name {name!r} is not valid: use 1-63 of the characters a-z, 0-9 and -."
        )
    _reject_link(root / FOLDER)
    return root / FOLDER / name


def read_marker(folder: Path) -> Mapping[str, object] | None:
    """Return the identity that a folder's marker states, or None for a folder without a valid marker."""
    marker = folder / MARKER
    try:
        identity = json.loads(marker.read_bytes()) if not marker.is_symlink() else None
    except (OSError, ValueError, RecursionError):
        return None
    return identity if _is_identity(identity) else None


def create(folder: Path, new_identity: Callable[[], Mapping[str, object]]) -> None:
    """Create the folder with its marker in one step, or accept the one that is already ours.

    An identity is created only for a new folder, because it includes a free port.

    Raises:
        ForeignFolder: something else is there.
        ToolMissing: the file system refuses.
    """
    if require_own_folder(folder):
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True) as parent:
            new_folder = Path(parent, folder.name)
            new_folder.mkdir(mode=0o700)
            write_marker(new_folder, new_identity())
            with contextlib.suppress(OSError):  # another process was first; checked below
                new_folder.rename(folder)
    except OSError as error:
        raise ToolMissing(f"The folder {folder} cannot be created: {error.strerror}.") from error
    if not require_own_folder(folder):
        raise ToolMissing(f"The folder {folder} cannot be created.")


def write_marker(folder: Path, identity: Mapping[str, object]) -> None:
    """Write the marker atomically."""
    new = folder / f"{MARKER}.new"
    new.write_text(json.dumps(identity) + "\n")
    new.replace(folder / MARKER)


def require_own_folder(folder: Path) -> bool:
    """Return whether the folder exists; it must then be ours.

    Raises:
        ForeignFolder: the path is a link, a file, or a folder without a valid marker.
    """
    _reject_link(folder)
    if not folder.exists():
        return False
    if read_marker(folder) is None:
        raise ForeignFolder(
            f"{folder} was not created by `booking up`: it has no valid {MARKER}, so nothing in it is used or removed. "
            "Move it away, or choose another --instance."
        )
    return True


def reject_links_in(folder: Path) -> None:
    """Raise ForeignFolder if an entry of the folder is a link to data elsewhere, which would be used or emptied."""
    for path in folder.iterdir():
        _reject_link(path)


def remove(folder: Path) -> None:
    """Delete a folder of ours, marker last, so that an interrupted removal can be repeated.

    Links in it are removed, never followed. Processes that are just ending may still write, so it retries for a while.

    Raises:
        ForeignFolder: the folder is not ours.
        ToolMissing: something in it cannot be removed.
    """
    if not require_own_folder(folder):
        return
    for attempts_left in reversed(range(_REMOVAL_ATTEMPTS)):
        try:
            for path in folder.iterdir():
                if path.name != MARKER:
                    delete(path)
            (folder / MARKER).unlink(missing_ok=True)
            folder.rmdir()
        except OSError as error:
            if not attempts_left:
                raise ToolMissing(f"{error.filename or folder} cannot be removed: {error.strerror}.") from error
            time.sleep(0.05)
        else:
            return


def delete(path: Path) -> None:
    """Delete a file, a link (not its target) or a folder with its content, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_identity(value: object) -> bool:
    if not isinstance(value, dict) or value.get("schema") != 1:
        return False
    port = value.get("port")
    return (
        isinstance(port, int)
        and not isinstance(port, bool)
        and 0 < port < 65536
        and _ID.fullmatch(str(value.get("id"))) is not None
    )


def _reject_link(path: Path) -> None:
    if path.is_symlink():
        raise ForeignFolder(f"{path} is a link, and an embedded AWS never follows one: replace it by a folder.")
