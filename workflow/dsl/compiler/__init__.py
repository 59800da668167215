"""From a workflow's class to its definition: graph, scopes, capture, emission."""
