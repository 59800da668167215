"""What surrounds a function: its settings, its door, its log, and the one place where the parts are put together."""
