"""Purchases and refunds on AWS Step Functions, as one importable package.

In a checkout the packages `components`, `workflow`, `handlers`, `local` and `cli` are next to this folder; in the wheel
they are inside it (`stepbooking.components`, …). See docs/adr/0001-names-in-the-wheel.md.
"""

__version__ = "0.1.0"
