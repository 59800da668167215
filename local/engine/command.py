"""Which Pulumi CLI is used: the one on PATH if it is new enough, else the one that `make engine` built."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from pulumi.automation import PulumiCommand
from semver import VersionInfo

from .errors import EngineMissing

MINIMUM_VERSION: Final = VersionInfo.parse("3.250.0")
"""The oldest CLI whose protocol was tried here; `tools/engine/build` names the same."""
BUILD_FOLDER: Final = Path(".build/engine")
"""Where `make engine` puts the CLI, below the folder of the program."""


def find_cli(root: Path | None = None) -> PulumiCommand | None:
    """The CLI to use for the program in `root`, else for the current folder; None when there is none."""
    folders = [folder.resolve() / BUILD_FOLDER for folder in (root, Path.cwd()) if folder]
    return _cli_on_path(os.environ.get("PATH", "")) or next(filter(None, map(_cli_in_folder, folders)), None)


def require_cli(root: Path | None = None) -> PulumiCommand:
    """The CLI to use; raises EngineMissing with the way to get one."""
    command = find_cli(root)
    if command is None:
        raise EngineMissing(
            f"There is no Pulumi CLI {MINIMUM_VERSION} or newer on PATH, and none was built here: run `make engine`, "
            "or install one (pulumi.com/docs/install), or deploy without it: `booking up --engine in-process`."
        )
    return command


@cache
def _cli_on_path(path: str) -> PulumiCommand | None:
    return _load_cli(None) if shutil.which("pulumi", path=path) else None


def _cli_in_folder(folder: Path) -> PulumiCommand | None:
    return _cached_cli(folder) if (folder / "bin" / "pulumi").exists() else None


@cache
def _cached_cli(folder: Path) -> PulumiCommand | None:
    return _load_cli(folder)


def _load_cli(folder: Path | None) -> PulumiCommand | None:
    try:
        command = PulumiCommand(root=str(folder) if folder else None, skip_version_check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return command if command.version is not None and command.version.finalize_version() >= MINIMUM_VERSION else None
