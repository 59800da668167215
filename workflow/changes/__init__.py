"""Changes between two definitions in words: states, arrows, conditions, retries, limits, arguments.

Nothing that changed goes unmentioned; what has no words of its own is told by its field's name.
"""

from .definition_changes import diff
from .wording import DefinitionChange, What

__all__ = ["DefinitionChange", "What", "diff"]
