"""Benchmarks, each printing ratios measured in one run (machines are shared and noisy)."""
