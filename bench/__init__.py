"""Benchmarks. Each figure is a ratio to a floor or to a peer that took turns with it in one run, because machines are
shared and noisy. Tests never measure time: they count calls, capacity, bytes and modules."""
