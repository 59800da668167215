"""What ships to Lambda: one module per function over a pure domain."""
