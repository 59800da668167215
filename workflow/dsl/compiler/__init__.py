"""The compiler from workflow classes to definitions: graph, scopes, capture, emission."""
