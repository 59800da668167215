"""The real Pulumi engine against an instance of the embedded AWS: the other driver beside `local.inprocess`.

    from local.engine import Engine, find, environment

    find()                                   # the Pulumi CLI that would be used, or None: then deploy in process
    engine = Engine(instance, stage="dev", listener=print)     # program=Path("__main__.py"), config={"key": value}
    engine.preview()                         # → Outcome: nothing is touched
    engine.up()                              # → Outcome with .outputs; takes up a run that was killed, and says so
    engine.refresh()                         # → Outcome: what differed from what the engine knew
    engine.destroy()                         # → Outcome; left are `pending_keys(instance)`, `locked_buckets(instance)`
    environment(instance)                    # → variables for `booking env`: a user's own CLI works on the instance

The instance must run (`instance.start()`). `Outcome.changes` are the steps that changed something and `Outcome.steps`
all of them, each a `local.progress.Progress`; the listener gets the same live, and `Note`s. `up` keeps the outputs
where `instance.outputs()` reads them. Failures are `local.errors.InstanceError` (its subclasses in `errors`) or
`local.errors.DeploymentFailed`: print them, they are sentences.
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
