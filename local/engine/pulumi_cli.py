"""The Pulumi CLI to use: the one on PATH if it is new enough, else the one that `make engine` built."""

import os
import secrets
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from pulumi.automation import PulumiCommand
from semver import VersionInfo

from ..errors import EngineMissing, OtherDriver
from ..instance import Instance
from . import provider_process

MINIMUM_VERSION: Final = VersionInfo.parse("3.250.0")
"""The oldest CLI that was tested here; `tools/engine/build` has the same version."""
BUILD_FOLDER: Final = Path(".build/engine")
"""The folder of the CLI that `make engine` builds, relative to the program's folder."""


def find_cli(root: Path | None = None) -> PulumiCommand | None:
    """Return the CLI to use for the program in `root`, else for the current folder; None if there is none."""
    folders = [folder.resolve() / BUILD_FOLDER for folder in (root, Path.cwd()) if folder]
    return _cli_on_path(os.environ.get("PATH", "")) or next(filter(None, map(_cli_in_folder, folders)), None)


def require_cli(root: Path | None = None) -> PulumiCommand:
    """Return the CLI to use; raises EngineMissing, which explains how to get one."""
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


DRIVER: Final = "pulumi"
"""The name of this driver in an instance."""


def cli_environment(instance: Instance, root: Path | None = None) -> dict[str, str]:
    """Return variables for `eval "$(booking env)"`: the embedded AWS, its provider and the state of `booking up`.

    The user's own PULUMI_HOME is kept, because it has the language hosts. Raises NotRunning and OtherDriver.
    """
    reject_other_driver(instance)
    port = provider_process.ensure_running(instance, (root or Path.cwd()).resolve())
    variables = engine_variables(instance, port)
    del variables["PULUMI_HOME"]
    instance.driver = DRIVER  # from here on there may be resources that only the engine knows
    return {**instance.environment(), **variables}


def engine_variables(instance: Instance, port: int) -> dict[str, str]:
    """Return the environment in which a Pulumi CLI works only on an instance."""
    folder = instance.folder / "engine"
    (folder / "state").mkdir(parents=True, exist_ok=True)
    return {
        # Without sidecar files: they are not written atomically, and a kill during a write makes the state unusable.
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(_passphrase_file(instance)),
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _passphrase_file(instance: Instance) -> Path:
    """Return the file with the passphrase that a program's instances share.

    It outlives them, because a CLI writes the passphrase's salt into the program's stage file, where it stays.
    """
    file = instance.folder.parent / ".passphrase"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file


def reject_other_driver(instance: Instance) -> None:
    """Raise OtherDriver if there are resources that the engine does not know."""
    if instance.driver not in (None, DRIVER):
        raise OtherDriver(
            f"The instance {instance.name!r} was deployed {instance.driver}, so the engine does not know its "
            "resources. Delete them with `booking down`, or use a second instance with --instance."
        )
