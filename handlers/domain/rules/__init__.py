"""The rules by which requests, the gateway and people change an existing order, one module for each kind of change."""
