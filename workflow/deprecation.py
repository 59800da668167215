"""Old names of methods and keyword arguments, which work until 0.3 with a warning that names the new ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def renamed_keywords(**new_names: str) -> Callable[[F], F]:
    """Decorate a function so that it also accepts the old names of its keywords: `renamed_keywords(old="new")`.

    The new function raises TypeError if it is given a keyword under both names. Type checkers know only the new names.
    """

    def decorate(function: F) -> F:
        name = function.__qualname__.removesuffix(".__init__")

        @wraps(function)
        def accept_old_keywords(*arguments: object, **keywords: object) -> object:
            for old in new_names.keys() & keywords.keys():
                new = new_names[old]
                if new in keywords:
                    raise TypeError(f"{name}: {old}= is the old name of {new}=: give only {new}=")
                keywords[new] = keywords.pop(old)
                warn_of_old_name(f"{name}({old}=)", f"{name}({new}=)", stacklevel=3)
            return function(*arguments, **keywords)

        return cast("F", accept_old_keywords)

    return decorate


def warn_of_old_name(old: str, new: str, *, stacklevel: int = 3) -> None:
    """Warn that a name is deprecated; by default, the warning points to the caller of the function that warns."""
    warnings.warn(f"{old} was renamed to {new} and will be removed in 0.3.", DeprecationWarning, stacklevel=stacklevel)
