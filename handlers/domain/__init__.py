"""The rules of booking as values and pure functions: no clock, no network, no AWS."""
