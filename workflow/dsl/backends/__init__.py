"""The query languages that a workflow can be compiled to; each is imported only when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...failures import WorkflowError

if TYPE_CHECKING:
    from .backend import Backend
    from .query_language import QueryLanguage


def backend_for(language: QueryLanguage) -> Backend:
    """Return the backend for a query language; raises WorkflowError for an unknown one."""
    if language == "JSONata":
        from .jsonata_backend import JsonataBackend

        return JsonataBackend()
    if language != "JSONPath":
        raise WorkflowError(f"language={language!r}: must be 'JSONata' or 'JSONPath'")
    from .jsonpath_backend import JsonpathBackend

    return JsonpathBackend()
