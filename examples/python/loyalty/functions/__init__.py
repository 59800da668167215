"""The code that runs in Lambda: plain Python without dependencies."""
