"""The states of a workflow."""
