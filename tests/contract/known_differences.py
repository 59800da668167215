"""Where MiniStack 1.5.33 answers otherwise than AWS: data for the tests and for the fidelity page.

Found by the generated operations of this folder; a difference that goes away fails a test, so that the list stays true.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that MiniStack does otherwise."""

    subject: str
    aws: str
    ministack: str
    matters: str
    """What it means for us."""


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
