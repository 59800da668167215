"""Where the console script `booking` enters: the same in a checkout and in the wheel."""

from cli.main import main

__all__ = ["main"]
