"""Purchases and refunds on AWS Step Functions, as one importable package.

In a checkout the parts lie beside this folder (`components`, `workflow`, `handlers`, `local`, `cli`); in the wheel they
lie inside it (`stepbooking.components`, …): see docs/adr/0001-names-in-the-wheel.md.
"""

__version__ = "0.1.0"
