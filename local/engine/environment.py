"""What a user's own Pulumi CLI needs to work against a running instance."""

from pathlib import Path

from ..instance import Instance
from . import provider_process
from .operations import DRIVER, engine_variables, refuse_other_driver


def environment(instance: Instance, root: Path | None = None) -> dict[str, str]:
    """Variables for `eval "$(booking env)"`: the embedded AWS, its provider and the state that `booking up` uses.

    The user's own PULUMI_HOME stays: it holds the language hosts. Raises NotRunning and OtherDriver.
    """
    refuse_other_driver(instance)
    port = provider_process.ensure(instance, (root or Path.cwd()).resolve())
    variables = engine_variables(instance, port)
    del variables["PULUMI_HOME"]
    instance.driver = DRIVER  # from here on resources may exist that only the engine knows of
    return {**instance.environment(), **variables}
