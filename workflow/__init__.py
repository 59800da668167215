"""Workflows in the Amazon States Language: written in Python, checked, run, drawn and compared."""
