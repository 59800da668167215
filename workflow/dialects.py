"""The query languages that a workflow can be compiled to."""

from __future__ import annotations

from .jsonata_dialect import JsonataDialect
from .jsonpath_dialect import JsonpathDialect
from .lowering import Dialect, QueryLanguage


def dialect_of(language: QueryLanguage) -> Dialect:
    """How this language says what is computed."""
    return JsonataDialect() if language == "JSONata" else JsonpathDialect()
