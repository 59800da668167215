"""A deterministic simulator: the shipped handlers and adapters under every fault that a seed can produce.

It runs thousands of histories a second by caching: between two calls of a client a handler is a function of its event,
the clock and the replies so far. Each new step runs for real once and is stored in a table (`steps`); the services are
stored in tables too, as state × call → state × reply (`services`). A history is then a walk through the tables, which
new steps extend. A test (`test_a_seed_reproduces_its_history`) runs histories again with empty tables and
expects the same results.
"""
