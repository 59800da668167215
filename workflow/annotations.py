"""Types for the signatures of helpers that take or return parts of a workflow."""

from .dsl.states.transitions import Catching, Edge, ErrorOutput, State
from .dsl.value_expressions import Condition

__all__ = [
    "Catching",
    "Condition",
    "Edge",
    "ErrorOutput",
    "State",
]
