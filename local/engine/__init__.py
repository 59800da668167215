"""The real Pulumi engine on an instance of the embedded AWS: the other driver beside `local.drivers.in_process`.

    from local.engine import PulumiEngine, cli_environment, find_cli

    find_cli()                               # → the Pulumi CLI to use; if None, deploy in process
    engine = PulumiEngine(instance, stage="dev", listener=print)   # program=Path("__main__.py"), config={"key": value}
    engine.preview()                         # → Outcome: nothing is touched
    engine.up()                              # → Outcome with .outputs; resumes a run that was killed, and says so
    engine.refresh()                         # → Outcome: the differences from the engine's state
    engine.destroy()                         # → Outcome; `pending_keys(instance)` and `locked_buckets(instance)` remain
    cli_environment(instance)                # → variables for `booking env`: a user's own CLI works on the instance

The instance must be running (`instance.start()`). `Outcome.changes` are the steps that changed something and
`Outcome.steps` all of them, each a `Progress` of `local.drivers`; the listener gets them live, with `ProgressNote`s
between. `up` saves the outputs for `instance.outputs()`. Failures are `InstanceError`s or `DeploymentFailed` of
`local.errors`, whose messages can be printed.
"""

from ..errors import EngineError, EngineKilled, EngineMissing, OtherDriver, PassphraseMissing, StateLocked, UnknownStage
from .orphans import LockedBucket, PendingKey, locked_buckets, pending_keys
from .pulumi_cli import DRIVER, cli_environment, find_cli
from .pulumi_engine import Outcome, PulumiEngine

__all__ = [
    "DRIVER",
    "EngineError",
    "EngineKilled",
    "EngineMissing",
    "LockedBucket",
    "OtherDriver",
    "Outcome",
    "PassphraseMissing",
    "PendingKey",
    "PulumiEngine",
    "StateLocked",
    "UnknownStage",
    "cli_environment",
    "find_cli",
    "locked_buckets",
    "pending_keys",
]
