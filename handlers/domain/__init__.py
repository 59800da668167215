"""What booking means, as values and pure functions: no clock, no network, no AWS."""
