"""Parsing of Python source that does not fail by chance."""

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector from running while CPython 3.11 builds a syntax tree.

    A finalizer that runs in the middle makes `ast.parse` raise SystemError: the parser's recursion counter is off.
    Source: https://github.com/python/cpython/issues/106905
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def parse(source: str) -> ast.Module:
    """Parse Python source into a syntax tree."""
    with without_collector():
        return ast.parse(source)
