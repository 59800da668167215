"""The driver without an engine: runs a Pulumi program in this process and creates what it asks for.

    outputs = deploy(instance, Path("__main__.py"), stage="dev", listener=print)

It starts from an emptied account each time and creates only; previews, updates, refreshes and deletions are the real
engine's. The program's SDK talks to a monitor that is Pulumi's own mock, with resources and functions answered by
`provider.Provider`. What the mock does not do is not done here: transforms, protect, aliases, hooks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .configuration import load_config
from .errors import DeploymentFailed
from .instance import Instance
from .monitor import Monitor
from .program import run_program
from .progress import Listener, ignore_progress
from .provider.journal import Journal
from .provider.provider import EmbeddedProvider

DRIVER: Final = "in-process"


def deploy(
    instance: Instance,
    program: Path = Path("__main__.py"),
    stage: str = "dev",
    config: Mapping[str, Any] | None = None,
    listener: Listener = ignore_progress,
) -> dict[str, Any]:
    """Empty the account, run the program for the stage, create its resources; the stack's outputs.

    `config` overrides values of `Pulumi.<stage>.yaml`. The listener is called from several threads, one call at a time.

    Raises:
        DeploymentFailed: one sentence that names the resource, the configuration key or the program's fault.
    """
    if instance.driver == "pulumi" and instance.outputs():
        raise DeploymentFailed(
            "This embedded AWS holds what the Pulumi engine deployed: go on with --engine pulumi, or start afresh "
            "after `booking down`."
        )
    settings = load_config(program.resolve(), stage, config)
    instance.reset()
    instance.driver = DRIVER
    provider = EmbeddedProvider(instance.aws(settings.default_tags), Journal(instance.folder / "journal.jsonl"))
    monitor = Monitor(provider, settings.project, stage, listener)
    try:
        run_program(monitor, settings, program.resolve(), stage)
    except DeploymentFailed as failure:
        if instance.is_running:
            raise
        raise DeploymentFailed(
            f"The embedded AWS ended in the middle of the deployment (see {instance.folder / 'instance.log'}); "
            "the next run starts it again."
        ) from failure
    instance.save_outputs(monitor.outputs)
    return monitor.outputs
