"""The parts that the functions share: settings, dependencies, parsing, logging, recording and reconciliation."""
