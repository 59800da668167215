"""Lints any state machine's definition, whether it was written in the workflow language or not."""

from .findings import Finding, Findings, Severity
from .program import LARGEST_BYTES, MachineType, check

__all__ = ["LARGEST_BYTES", "Finding", "Findings", "MachineType", "Severity", "check"]
