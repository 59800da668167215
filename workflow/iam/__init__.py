"""What a state machine's role must be allowed to do: exact actions and resources, read off its definition."""

from .statements import Permission, permissions, policy

__all__ = ["Permission", "permissions", "policy"]
