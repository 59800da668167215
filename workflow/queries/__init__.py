"""Parse, inspect and evaluate JSONata, JSONPath and intrinsic functions."""
