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
"""The oldest CLI whose protocol was tried here; `tools/engine/build` names the same."""
BUILD_FOLDER: Final = Path(".build/engine")
"""The folder in which `make engine` puts the CLI, below the program's folder."""


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


DRIVER: Final = "pulumi"
"""The name of this driver in an instance."""


def cli_environment(instance: Instance, root: Path | None = None) -> dict[str, str]:
    """Variables for `eval "$(booking env)"`: the embedded AWS, its provider and the state that `booking up` uses.

    The user's own PULUMI_HOME stays: it holds the language hosts. Raises NotRunning and OtherDriver.
    """
    reject_other_driver(instance)
    port = provider_process.ensure_running(instance, (root or Path.cwd()).resolve())
    variables = engine_variables(instance, port)
    del variables["PULUMI_HOME"]
    instance.driver = DRIVER  # from here on resources may exist that only the engine knows of
    return {**instance.environment(), **variables}


def engine_variables(instance: Instance, port: int) -> dict[str, str]:
    """Return the environment in which a Pulumi CLI works on an instance, and on nothing else."""
    folder = instance.folder / "engine"
    (folder / "state").mkdir(parents=True, exist_ok=True)
    return {
        # Without sidecar files: they are not written atomically, and a kill in the middle of one locks the state out.
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(_passphrase_file(instance)),
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _passphrase_file(instance: Instance) -> Path:
    """Return the file of the passphrase that the instances of a program share.

    It outlives them: a CLI writes the salt of the passphrase into the program's stage file, where it stays.
    """
    file = instance.folder.parent / ".passphrase"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file


def reject_other_driver(instance: Instance) -> None:
    """Raises OtherDriver where resources exist that the engine does not know of."""
    if instance.driver not in (None, DRIVER):
        raise OtherDriver(
            f"The instance {instance.name!r} was deployed {instance.driver}, and the engine knows nothing of it: "
            "give them up with `booking down`, or use a second instance with --instance."
        )
