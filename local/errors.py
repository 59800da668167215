"""What can go wrong with an embedded AWS, each one sentence; the command line shows it and exits 1.

InstanceError
├── ToolMissing        this machine lacks something that the embedded AWS needs
├── PortTaken          another program listens on the instance's port
├── InvalidName        the instance's name could lead to another folder
├── ForeignFolder      the run folder is a link, or was not created by us
├── DidNotStart        the embedded AWS died, or never answered
└── NotRunning         it is needed and does not run
DeploymentFailed       the program, or one of its resources, could not be deployed
"""


class InstanceError(Exception):
    """The message is the whole story: one sentence."""


class ToolMissing(InstanceError):
    """This machine lacks something that the embedded AWS needs."""


class PortTaken(InstanceError):
    """Another program listens on the instance's port."""


class InvalidInstanceName(InstanceError):
    """The instance's name could lead to another folder."""


class ForeignFolder(InstanceError):
    """The run folder is a link, or was not created by us."""


class StartFailed(InstanceError):
    """The embedded AWS died, or never answered."""


class NotRunning(InstanceError):
    """The embedded AWS is needed and does not run."""


class DeploymentFailed(Exception):
    """The program, or one of its resources, could not be deployed."""
