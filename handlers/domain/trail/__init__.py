"""The audit trail: its records and seals, and the verification of both against the orders."""
