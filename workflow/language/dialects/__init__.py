"""The query languages that a workflow can be compiled to; the one that is asked for is imported."""

from __future__ import annotations

from .query_language import Dialect, QueryLanguage


def dialect_of(language: QueryLanguage) -> Dialect:
    """How this language says what is computed."""
    if language == "JSONata":
        from .jsonata import JsonataDialect

        return JsonataDialect()
    from .jsonpath import JsonpathDialect

    return JsonpathDialect()
