"""Print one JSON document on standard output."""

import json
import sys
from typing import Any


def print_json(document: Any) -> None:
    """Print the document, without escaping characters that the terminal can show."""
    print(json.dumps(document, indent=2, ensure_ascii=not _is_utf8_output()))


def _is_utf8_output() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
