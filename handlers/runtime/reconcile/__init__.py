"""Reconcile: bring ledger, gateway and audit trail together, in bounded runs."""
