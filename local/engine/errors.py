"""What can go wrong between the command and the real engine, each one sentence that says what to do.

local.errors.InstanceError
└── EngineError
    ├── EngineMissing        there is no Pulumi CLI that is new enough
    ├── UnknownStage         there is no stage file of that name
    ├── PassphraseMissing    the stage file holds secrets, and what opens them is not at hand
    ├── StateLocked          another run works on the same state
    ├── OtherDriver          the instance was deployed without the engine
    └── CutOff               the engine was killed while it worked
local.errors.DeploymentFailed  the program, or one of its resources, failed
"""

from ..errors import InstanceError


class EngineError(InstanceError):
    """The message is the whole story: one sentence."""


class EngineMissing(EngineError):
    """There is no Pulumi CLI that is new enough."""


class UnknownStage(EngineError):
    """There is no stage file of that name."""


class PassphraseMissing(EngineError):
    """The stage file holds secrets, and what opens them is not at hand."""


class StateLocked(EngineError):
    """Another run works on the same state."""


class OtherDriver(EngineError):
    """The instance was deployed without the engine."""


class EngineKilled(EngineError):
    """The engine was killed while it worked."""
