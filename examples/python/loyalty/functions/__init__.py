"""What runs in Lambda: plain Python, no dependency."""
