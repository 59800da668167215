"""Diagrams of a state machine: Mermaid for documents, SVG for posters."""

from .mermaid import mermaid
from .svg import svg

__all__ = ["mermaid", "svg"]
