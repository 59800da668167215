"""What can be wrong with a workflow as it is written.

WorkflowError            a sentence that names the thing and what was allowed; raised when the workflow is built
├── NoSuchField          a reference names a field that its type does not have
├── NotACondition        a Python bool or a reference stands where a condition belongs
├── WrongJoin            an arrow that cannot be: a second way out of a state, a payload that does not fit
├── NotReached           a state that no path leads to
├── NotExhaustive        a Choice that some value gets past
├── Unbound              a late-bound name that was given no value, or a value for no name
└── NotPortable          nothing in JSONPath says this
"""

from __future__ import annotations


class WorkflowError(Exception):
    """A sentence for the person who writes the workflow."""


class NoSuchField(WorkflowError, AttributeError):
    """A reference names a field that its type does not have."""


class NotACondition(WorkflowError, TypeError):
    """A Python value stands where the running workflow must decide."""


class WrongJoin(WorkflowError, TypeError):
    """An arrow that cannot be."""


class NotReached(WorkflowError):
    """A state that no path leads to."""


class NotExhaustive(WorkflowError):
    """A Choice that some value gets past."""


class Unbound(WorkflowError, KeyError):
    """A late-bound name without a value, or a value without a name."""

    __str__ = Exception.__str__


class NotPortable(WorkflowError):
    """Nothing in JSONPath says this; the code says which kind of thing."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
