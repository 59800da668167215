"""Benchmarks. Each prints ratios that were measured in one run, because machines are shared and noisy."""
