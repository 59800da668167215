"""Hypothesis profiles, and the order of the files.

The default profile is deterministic and bounded; `thorough` is random and long (`make thorough`), and alone runs what
is marked `nightly`: tests of minutes whose subject a shorter test covers too. The files that take longest come first,
so that no worker begins one of them when the others have nothing left to do.
"""

import ast
import gc
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.environment import LONGEST_FIRST, THOROUGH

ROOT = Path(__file__).parent
_SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # machines are shared and noisy

gc.set_threshold(10_000, 20, 50)  # graphs and fakes are made by the thousand: usual thresholds cost a sixth of the time

settings.register_profile("default", max_examples=60, derandomize=True, database=None, **_SHARED)
settings.register_profile("thorough", max_examples=2_000, print_blob=True, **_SHARED)
settings.load_profile("thorough" if THOROUGH else "default")
if not THOROUGH:
    # Hypothesis takes constants out of the modules that happen to be loaded, so examples would depend on which tests a
    # worker ran before, also with `derandomize`.
    pytest.MonkeyPatch().setattr(providers, "is_local_module_file", lambda _: False)

_parse = ast.parse


def _parse_without_collector(*arguments: Any, **options: Any) -> ast.AST:
    """Keep the garbage collector from running while CPython 3.11 builds a syntax tree.

    A finalizer that runs in the middle makes `ast.parse` raise SystemError: the parser's recursion counter is off.
    Source: https://github.com/python/cpython/issues/106905
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _parse(*arguments, **options)
    finally:
        if was_enabled:
            gc.enable()


if sys.version_info < (3, 12):
    pytest.MonkeyPatch().setattr(ast, "parse", _parse_without_collector)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave nightly tests to `make thorough` unless their file is named, and put the longest files first."""
    if not THOROUGH:
        named = config.args
        nightly = [item for item in items if item.get_closest_marker("nightly") and not _is_named(item, named)]
        config.hook.pytest_deselected(items=nightly)
        items[:] = [item for item in items if item not in nightly]
    if not hasattr(config, "workerinput"):
        return  # a single process keeps the order that it was given
    places = {ROOT / file: place for place, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST_FIRST)))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Hide modules and caches that a file leaves behind from the collector, which would scan them repeatedly."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect(1)
        gc.freeze()


def _is_named(item: pytest.Item, arguments: list[str]) -> bool:
    return any(item.path.name in argument for argument in arguments)
