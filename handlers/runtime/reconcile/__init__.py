"""Reconcile: make ledger, gateway and audit trail agree, in bounded runs."""
