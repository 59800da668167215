"""The states that can stand in a workflow."""
