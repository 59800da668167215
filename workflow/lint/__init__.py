"""The linter for state machine definitions, whether or not they were written in the workflow language."""

from .checker import MachineType, check
from .lint_findings import LintFinding, LintFindings, Severity

__all__ = ["LintFinding", "LintFindings", "MachineType", "Severity", "check"]
