"""Lints any state machine's definition, whether it was written in the workflow language or not."""

from .checker import MachineType, check
from .lint_findings import LintFinding, LintFindings, Severity

__all__ = ["LintFinding", "LintFindings", "MachineType", "Severity", "check"]
