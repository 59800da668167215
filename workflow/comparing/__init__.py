"""What changed between two definitions, in words."""

from .changes import Change, diff

__all__ = ["Change", "diff"]
