"""pydantic's compiled validation, without the rest of pydantic.

`import pydantic_core` also runs `pydantic_core.core_schema`: some hundred typed dictionaries that describe schemas to
type checkers. They take most of the import time, especially in Lambda, where their source is compiled at each cold
start. The compiled module is therefore loaded alone, under its own name, so later imports of `pydantic_core` or
pydantic get the same module.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError, SchemaValidator, ValidationError
else:
    _NAME: Final = "pydantic_core._pydantic_core"

    def _load():
        """Return the compiled module, or the whole package if its layout is unfamiliar."""
        package = find_spec("pydantic_core")
        found = package and PathFinder.find_spec(_NAME, package.submodule_search_locations)
        if found is None:
            return import_module("pydantic_core")
        module = module_from_spec(found)
        sys.modules[_NAME] = module
        found.loader.exec_module(module)
        return module

    _core = sys.modules.get(_NAME) or _load()
    PydanticCustomError = _core.PydanticCustomError
    SchemaValidator = _core.SchemaValidator
    ValidationError = _core.ValidationError

__all__ = ["PydanticCustomError", "SchemaValidator", "ValidationError"]
