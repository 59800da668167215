"""A deterministic simulator: the handlers that ship, through their adapters, under every fault that a seed can draw.

How it runs thousands of histories a second: between two calls of a client a handler is a function of its event, the
clock and the replies so far. So every step that differs from all earlier ones runs for real, once, and is kept in a
table (`steps`); the services are kept in tables too, as state × call → state × reply (`services`). A history is then a
walk through tables, and whatever is new in it extends them. `audit_tables` (and a test) runs histories again without
any table and demands the same.
"""
