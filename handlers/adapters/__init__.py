"""Adapters: AWS services, Stripe, and a sandbox gateway with its own table."""
