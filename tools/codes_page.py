"""Write docs/reference/workflow/codes.md from workflow/lint/codes.py: `python -m tools.codes_page`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workflow.lint import LintFinding, check
from workflow.lint.codes import EXPLANATIONS, Explanation

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "workflow" / "codes.md"
_MAX_LINE_LENGTH: Final = 110

_HEAD: Final = """\
# What `check` says

Written by `python -m tools.codes_page` from `workflow/lint/codes.py`, as is what `booking workflow explain CODE`
prints.

A finding has a code, a severity, a JSON pointer, a sentence about the one place, and what to do. An **error** is what
AWS refuses, or what it takes and cannot work; a **warning** is what runs and is hardly meant so. `booking workflow
check` ends with exit code 1 where there is an error, with `--strict` where there is anything. Each example below has
one fault, and is followed by what `check` says of it.

AWS's own codes are coarser: where ValidateStateMachineDefinition is known to say the same, its code is named.

| code | severity | AWS's code |
|---|---|---|
"""


def render_page() -> str:
    """Return the page."""
    rows = "".join(
        f"| [`{code}`](#{code.lower()}) | {each.severity} | {f'`{each.aws}`' if each.aws else ''} |\n"
        for code, each in EXPLANATIONS.items()
    )
    return _HEAD + rows + "".join(f"\n{section}" for section in render_sections())


def render_sections() -> Iterator[str]:
    """Yield a section for each code."""
    for code, each in EXPLANATIONS.items():
        yield f"## `{code}`\n\n{each.meaning} {each.remedy}\n" + _example(each)


def example_findings(each: Explanation) -> tuple[LintFinding, ...]:
    """Return the findings in an example."""
    return check(each.example, type="EXPRESS" if each.express else "STANDARD")


def _example(each: Explanation) -> str:
    if not each.can_be_shown:
        return ""
    said = "\n".join(str(finding) for finding in example_findings(each))
    return f"\n```json\n{_format_definition(each.example)}\n```\n\n```text\n{said}\n```\n"


def _format_definition(text: str) -> str:
    """Return a definition as one line, or with one line per state if that is too long."""
    if len(text) <= _MAX_LINE_LENGTH:
        return text
    top = json.loads(text)
    states = ",\n".join(f"  {json.dumps(name)}: {json.dumps(state)}" for name, state in top.pop("States").items())
    return f'{json.dumps(top)[:-1]}, "States": {{\n{states}\n}}}}'


if __name__ == "__main__":
    PAGE.write_text(render_page(), "utf-8")
