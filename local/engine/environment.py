"""What a Pulumi CLI needs in its environment to work against a running instance: ours, and a user's own."""

import secrets
from pathlib import Path
from typing import Final

from ..instance import Instance
from . import provider_process
from .errors import OtherDriver

DRIVER: Final = "pulumi"
"""How an instance names this driver."""


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
    """What a Pulumi CLI needs in its environment to work on an instance, and on nothing else."""
    folder = instance.folder / "engine"
    (folder / "state").mkdir(parents=True, exist_ok=True)
    passphrase = folder / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(24))
    return {
        # Without sidecar files: they are not written atomically, and a kill in the middle of one locks the state out.
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def reject_other_driver(instance: Instance) -> None:
    """Raises OtherDriver where resources exist that the engine does not know of."""
    if instance.driver not in (None, DRIVER):
        raise OtherDriver(
            f"The instance {instance.name!r} was deployed {instance.driver}, and the engine knows nothing of it: "
            "give them up with `booking down`, or use a second instance with --instance."
        )
