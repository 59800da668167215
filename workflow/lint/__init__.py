"""Lints any state machine's definition, whether it was written in the workflow language or not."""

from .checker import MachineType, check
from .lint_findings import Finding, Findings, Severity

__all__ = ["Finding", "Findings", "MachineType", "Severity", "check"]
