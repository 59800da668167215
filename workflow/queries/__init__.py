"""What a definition's texts say in JSONata, JSONPath and intrinsic functions: read, looked into and evaluated."""
