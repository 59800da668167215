"""The Lambda functions: one module per function, over a pure domain."""
