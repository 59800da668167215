"""One embedded AWS: a detached process with a run folder of its own."""

from .embedded_aws import Instance, Status

__all__ = ["Instance", "Status"]
