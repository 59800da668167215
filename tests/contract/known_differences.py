"""Known differences between MiniStack 1.5.33 and AWS: data for the tests and for the fidelity page.

The generated operations of this folder found them; a difference that goes away fails a test, so the list stays true.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that MiniStack does differently."""

    subject: str
    aws: str
    ministack: str
    matters: str
    """The consequence for our code and its tests."""


CHECKS_LESS = Difference(
    subject="DynamoDB: validation of expressions",
    aws="an operand of a wrong type, a malformed value or path is a ValidationException",
    ministack="the condition is evaluated, or the write is made",
    matters="a mistake in an expression shows on the fake and on DynamoDB Local, not on the embedded AWS",
)
MISSING_EQUALS_MISSING = Difference(
    subject="DynamoDB: two attributes that are both missing",
    aws="a comparison of them is false",
    ministack="they count as equal",
    matters="our conditions compare attributes with values, never with each other",
)

DIFFERENCES = (CHECKS_LESS, MISSING_EQUALS_MISSING)
