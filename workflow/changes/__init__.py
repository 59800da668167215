"""Changes between two definitions in words: states, transitions, conditions, retries, limits, arguments.

Every change is reported; a field that has no description of its own is reported by its name.
"""

from .definition_changes import diff
from .wording import DefinitionChange, What

__all__ = ["DefinitionChange", "What", "diff"]
