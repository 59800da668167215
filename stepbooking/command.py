"""Entry point of the console script `booking`, the same in a checkout and in the wheel."""

from cli.main import main

__all__ = ["main"]
