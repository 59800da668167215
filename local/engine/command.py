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

LEAST: Final = VersionInfo.parse("3.250.0")
"""The oldest CLI whose protocol was tried here; `tools/engine/build` names the same."""
BUILT: Final = Path(".build/engine")
"""Where `make engine` puts the CLI, below the folder of the program."""


def find(root: Path | None = None) -> PulumiCommand | None:
    """The CLI to use for the program in `root`, else for the current folder; None when there is none."""
    folders = [folder.resolve() / BUILT for folder in (root, Path.cwd()) if folder]
    return _on_path(os.environ.get("PATH", "")) or next(filter(None, map(_built, folders)), None)


def required(root: Path | None = None) -> PulumiCommand:
    """The CLI to use; raises EngineMissing with the way to get one."""
    command = find(root)
    if command is None:
        raise EngineMissing(
            f"There is no Pulumi CLI {LEAST} or newer on PATH, and none was built here: run `make engine`, "
            "or install one (pulumi.com/docs/install), or deploy without it: `booking up --engine in-process`."
        )
    return command


@cache
def _on_path(path: str) -> PulumiCommand | None:
    return _usable(None) if shutil.which("pulumi", path=path) else None


def _built(folder: Path) -> PulumiCommand | None:
    return _cached(folder) if (folder / "bin" / "pulumi").exists() else None


@cache
def _cached(folder: Path) -> PulumiCommand | None:
    return _usable(folder)


def _usable(folder: Path | None) -> PulumiCommand | None:
    try:
        command = PulumiCommand(root=str(folder) if folder else None, skip_version_check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return command if command.version is not None and command.version.finalize_version() >= LEAST else None
