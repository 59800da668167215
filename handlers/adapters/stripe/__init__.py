"""Stripe as the payment gateway, over plain HTTP."""
