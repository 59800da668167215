"""Lints any state machine's definition, whether it was written in the workflow language or not."""

from .checker import LARGEST_BYTES, MachineType, check
from .lint_findings import Finding, Findings, Severity

__all__ = ["LARGEST_BYTES", "Finding", "Findings", "MachineType", "Severity", "check"]
