"""Permissions that a state machine's role needs: exact actions and resources, derived from its definition."""

from .statements import Permission, permissions, policy

__all__ = ["Permission", "permissions", "policy"]
